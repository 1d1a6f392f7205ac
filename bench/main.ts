// `npm run bench`: how long join, retire and a roll take over the same by hand, what they cost, and what the functions weigh; measured in
// one run, on real swarms in sandboxes of its own (docs/performance.md).
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { ensurePackaged } from "../sandbox/cli/build.ts";
import { projectDirectory } from "../sandbox/cli/launch.ts";
import { ensurePackages } from "../sandbox/machines/packages.ts";
import { personalOutput } from "../sandbox/terminal/output.ts";
import { live } from "./lives.ts";
import { longRetire } from "./long-retire.ts";
import { readOptions, USAGE } from "./options.ts";
import { present } from "./present.ts";
import { type Machine, type Measurements, reportOf } from "./report.ts";
import { ROLL_WORKERS, rolled } from "./rolls.ts";
import { type Stage, startStage } from "./stage.ts";
import { measureFunctions } from "./start-up.ts";
import { rounded } from "./statistics.ts";

const START_UPS = 15;

const options = (() => {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
})();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const packageVersion = (name: string): string => {
  const text = readFileSync(join(projectDirectory, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
};

const versions: Record<string, string> = {
  node: process.version,
  "durable SDK": packageVersion("@aws/durable-execution-sdk-js"),
  "AWS SDK": packageVersion("@aws-sdk/client-ssm"),
};

const load = (): number => rounded(loadavg()[0] ?? 0, 2);

const machineOf = (before: number): Machine => ({
  processor: cpus()[0]?.model.trim() || "unknown processor",
  processors: availableParallelism(),
  memoryGibibytes: rounded(totalmem() / 2 ** 30, 1),
  loadAverage: { before, after: load() },
});

const output = personalOutput();
const tell = (line: string): void => output.line(line);

/** Measures on a stage of its own, which is taken down afterwards whatever happens. */
const onStage = async <Measured>(
  size: Parameters<typeof startStage>[1],
  measure: (stage: Stage) => Promise<Measured>,
): Promise<Measured> => {
  const stage = await startStage(tell, size);
  try {
    const engine = await stage.sandbox.engine(stage.manager).get<{ Version: string }>("/version");
    versions.docker = engine.Version;
    return await measure(stage);
  } finally {
    await stage.down();
  }
};

const started = Date.now();
const loadBefore = load();
const measured: Measurements = {};

await ensurePackages(tell);
if (options.parts.includes("hooks")) {
  output.title("Join and retire, by the operator and by hand");
  const lives = await onStage({}, (stage) => live(stage, options.repetitions, tell));
  tell("A retirement of ten minutes, on virtual time");
  measured.hooks = { lives, longRetire: await longRetire() };
}
if (options.parts.includes("rolls")) {
  output.title("Rolls, by the operator and by docker service update");
  const size = { workers: ROLL_WORKERS, replicas: ROLL_WORKERS };
  measured.rolls = await onStage(size, (stage) => rolled(stage, options.repetitions, tell));
}
// Last, when nothing of a sandbox runs any more.
if (options.parts.includes("functions")) {
  output.title("Start of the functions");
  await ensurePackaged(projectDirectory, tell);
  measured.functions = await measureFunctions(projectDirectory, START_UPS);
}

const report = reportOf(measured, {
  at: new Date(started).toISOString(),
  seconds: (Date.now() - started) / 1000,
  repetitions: options.repetitions,
  machine: machineOf(loadBefore),
  versions,
});
output.title("Measured");
for (const block of present(report)) output.block(`\n${block}`);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  tell(`The report is in ${options.json}`);
}
process.exit(0);
