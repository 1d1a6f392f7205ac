// A crash at every step of a join, before and after its checkpoint: the flow goes on where it was, the hook is completed
// exactly once, and nothing is left behind.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { crashingJoins } from "./crash-joins.ts";
import { declareCrashes } from "./crashes.ts";

const undo = hastenSuspension();
afterAll(() => undo());

await declareCrashes(crashingJoins);
