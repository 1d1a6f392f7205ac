// A crash at every step by which a swarm is formed, and an instance in service is brought back: one swarm, formed once, its tokens
// stored; and nothing that served is taken down.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { crashingForms } from "./crash-forms.ts";
import { declareCrashes } from "./crashes.ts";

const undo = hastenSuspension();
afterAll(() => undo());

await declareCrashes(crashingForms);
