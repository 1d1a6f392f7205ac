// The cloud's process: `node sandbox/cloud.ts CONFIGURATION.json`, inside the sandbox's root and network. Assembles
// everything, forms the swarm, writes the ready file, and runs until the root is ended.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "./cloud/assemble.ts";
import { bootstrap } from "./cloud/bootstrap.ts";
import { type CloudConfiguration, files } from "./cloud/configuration.ts";
import { serveControl } from "./cloud/control.ts";
import { operations } from "./cloud/operations.ts";
import { Timeline } from "./cloud/timeline.ts";
import { Watch } from "./cloud/watch.ts";

const [configurationFile] = process.argv.slice(2);
if (configurationFile === undefined) throw new Error("Usage: cloud.ts CONFIGURATION.json");
const configuration = JSON.parse(readFileSync(configurationFile, "utf8")) as CloudConfiguration;
const { stateDirectory } = configuration;

mkdirSync(join(stateDirectory, "run"), { recursive: true });
const timeline = new Timeline(join(stateDirectory, files.timeline));
const cloud = await assemble(configuration, timeline);
const watch = new Watch(cloud);
await serveControl(join(stateDirectory, files.control), operations(cloud, watch), timeline);
void watch.run();
cloud.lambda.hosts.warm();
await bootstrap(cloud, () => watch.picture);

// Renamed into place, so that it is never seen half written.
const ready = join(stateDirectory, files.ready);
writeFileSync(`${ready}.new`, JSON.stringify({ pid: process.pid, at: Date.now() }));
renameSync(`${ready}.new`, ready);
