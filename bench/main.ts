// `npm run bench`: how long join and retire take over the same commands by hand, what they cost, and what the functions weigh;
// measured in one run, on a real swarm in a sandbox of its own (docs/performance.md).
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectDirectory } from "../sandbox/cli/launch.ts";
import { ensurePackages } from "../sandbox/machines/packages.ts";
import { personalOutput } from "../sandbox/terminal/output.ts";
import { live } from "./lives.ts";
import { longRetire } from "./long-retire.ts";
import { present } from "./present.ts";
import { type BenchReport, type Machine, reportOf } from "./report.ts";
import { type Stage, startStage } from "./stage.ts";
import { measureFunctions } from "./start-up.ts";
import { rounded } from "./statistics.ts";

const USAGE = `npm run bench [-- --json FILE] [-- --repetitions N]

Measures join and retire on a real swarm against the same commands by hand, their cost, and the functions' bundles.
  --json FILE        also write the report there, as JSON
  --repetitions N    of each join and retire, by the operator and by hand; default 5 (about four minutes)
Exit code: 0 when it could be measured, whether the aims are met or not.
`;

const START_UPS = 15;

const usage = (message: string): never => {
  process.stderr.write(`${message}\n\n${USAGE}`);
  process.exit(2);
};

const readOptions = () => {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "string" },
        repetitions: { type: "string", default: "5" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const repetitions = Number(values.repetitions);
    if (Number.isInteger(repetitions) && repetitions > 0) return { ...values, repetitions };
    return usage(`--repetitions is ${values.repetitions}; give it a whole number of 1 or more`);
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
};

const packageVersion = (name: string): string => {
  const text = readFileSync(join(projectDirectory, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
};

const versionsOf = async ({ sandbox, manager }: Stage): Promise<Record<string, string>> => {
  const engine = await sandbox.engine(manager).get<{ Version: string }>("/version");
  return {
    node: process.version,
    docker: engine.Version,
    "durable SDK": packageVersion("@aws/durable-execution-sdk-js"),
    "AWS SDK": packageVersion("@aws-sdk/client-ssm"),
  };
};

const load = (): number => rounded(loadavg()[0] ?? 0, 2);

const machineOf = (before: number): Machine => ({
  processor: cpus()[0]?.model.trim() || "unknown processor",
  processors: availableParallelism(),
  memoryGibibytes: rounded(totalmem() / 2 ** 30, 1),
  loadAverage: { before, after: load() },
});

const options = readOptions();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const output = personalOutput();
const started = Date.now();
const loadBefore = load();

output.title("Join and retire, by the operator and by hand");
await ensurePackages((line) => output.line(line));
const stage = await startStage((line) => output.line(line));
const onStage = async () => {
  try {
    const versions = await versionsOf(stage);
    return { versions, lives: await live(stage, options.repetitions, (line) => output.line(line)) };
  } finally {
    await stage.down();
  }
};
const { versions, lives } = await onStage();
output.line("A retirement of ten minutes, on virtual time");
const tenMinutes = await longRetire();
// Last, when nothing of the sandbox runs any more.
output.line("Start of the functions");
const functions = await measureFunctions(projectDirectory, START_UPS);

const report: BenchReport = reportOf(
  { lives, longRetire: tenMinutes, functions },
  {
    at: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    repetitions: options.repetitions,
    machine: machineOf(loadBefore),
    versions,
  },
);
output.title("Measured");
for (const block of present(report)) output.block(`\n${block}`);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  output.line(`The report is in ${options.json}`);
}
process.exit(0);
