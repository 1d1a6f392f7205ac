// Which permissions of the roles no test needs, from what the last runs of the layers wrote down (`npm test` calls it after a run of all
// of them; `npm run permissions` whenever somebody wants to see it). Only when every layer ran as a whole can it fail.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { names } from "../sandbox/cloud/configuration.ts";
import { accepted } from "../sandbox/iam/accepted.ts";
import { heldPermissions } from "../sandbox/iam/held.ts";
import { judgePermissions } from "../sandbox/iam/unused.ts";
import { shownVerdict } from "../sandbox/iam/unused-table.ts";
import { readRecords } from "../sandbox/iam/uses.ts";
import { LAYERS, recordOf, WHOLE } from "./layers.ts";

const missing = LAYERS.filter((layer) => !existsSync(join(recordOf(layer), WHOLE)));
const { account, region, registryRegion } = names;
const held = heldPermissions(join(import.meta.dirname, ".."), {
  account,
  region,
  registryRegion,
  stackName: "hive-swarm-dev",
});
const verdict = judgePermissions(held, readRecords(LAYERS.map(recordOf)), accepted);
console.log(shownVerdict(verdict));
if (missing.length > 0)
  console.log(`\nNot judged: no run of the whole layer ${missing.join(", ")} is recorded.`);
else if (verdict.problems > 0) {
  console.error(`\n${verdict.problems} of it must not be: see docs/testing.md, "Permissions".`);
  process.exitCode = 1;
}
