// A crash at every step of a roll, before and after its checkpoint: the flow goes on where it was, the replicas are what they
// were, and every task runs one image.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { crashingRolls } from "./crash-rolls.ts";
import { declareCrashes } from "./crashes.ts";

const undo = hastenSuspension();
afterAll(() => undo());

await declareCrashes(crashingRolls);
