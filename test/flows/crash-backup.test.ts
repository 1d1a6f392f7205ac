// A crash at every step of a backup, before and after its checkpoint: it ends the same, and no second engine is stopped.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { crashingBackups } from "./crash-backups.ts";
import { declareCrashes } from "./crashes.ts";

const undo = hastenSuspension();
afterAll(() => undo());

await declareCrashes(crashingBackups);
