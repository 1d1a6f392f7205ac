// The filebeat STAND-IN of the sandbox, for machines without the real filebeat. Not filebeat: it only reads the
// same filebeat.yml, writes the same registry (as of 7.9) and answers the same /stats.
// Usage: node sandbox/shipper/main.ts -c cluster/filebeat.yml

import { mkdirSync, openSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readConfiguration } from "./configuration.ts";
import { Registry } from "./registry.ts";
import { Shipper } from "./shipper.ts";
import { Statistics, serveStatistics, version } from "./statistics.ts";

// The operator finds filebeat by its process name.
process.title = "filebeat";

const log = (message: string): void => {
  console.error(`${new Date().toISOString()} filebeat stand-in: ${message}`);
};

const { values } = parseArgs({
  options: { config: { type: "string", short: "c", default: "filebeat.yml" }, version: { type: "boolean" } },
});
if (values.version === true) {
  console.log(`filebeat version ${version} (a stand-in for the sandbox)`);
  process.exit(0);
}

const configuration = readConfiguration(values.config, process.env);
mkdirSync(configuration.dataPath, { recursive: true, mode: 0o750 });
// Held open like filebeat's own lock: it tells whose registry this is. (Two stand-ins are not kept apart by it.)
openSync(join(configuration.dataPath, "filebeat.lock"), "a", 0o600);
const registry = new Registry(configuration.dataPath);
const statistics = new Statistics();
const server =
  configuration.http === undefined ? undefined : await serveStatistics(statistics, configuration.http);
const shipper = new Shipper(configuration, registry, statistics, hostname(), log);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => shipper.stop());
log(
  `version ${version} ships ${configuration.inputs.flatMap(({ paths }) => paths).join(" ")} to ${configuration.output.hosts.join(", ")}`,
);
await shipper.run();
registry.close();
server?.close();
server?.closeAllConnections();
log("stopped");
