// A crash at every step of a look at the cluster, before and after its checkpoint: the plan is the same, and nothing is changed.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { crashingStacks } from "./crash-stacks.ts";
import { declareCrashes } from "./crashes.ts";

const undo = hastenSuspension();
afterAll(() => undo());

await declareCrashes(crashingStacks);
