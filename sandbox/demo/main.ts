// `npm start`: one command, from nothing to a verdict. Brings the sandbox up, demonstrates, reports, and takes it
// down again, also when it is interrupted.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sourceCommand, writeEnvironmentOf } from "../cli/environment.ts";
import { isInterrupted, takeDownWhenInterrupted, unlessInterrupted } from "../cli/interruption.ts";
import { AlreadyUp, refuseIfUp, takeDown } from "../cli/launch.ts";
import { readOptions } from "../cli/options.ts";
import { ensurePackages } from "../machines/packages.ts";
import { personalOutput } from "../terminal/output.ts";
import { entryLine } from "../terminal/timeline.ts";
import { present } from "./present.ts";
import { DESCRIPTION, demonstrate } from "./run.ts";

const USAGE = `npm start [-- --keep] [-- --json] [-- --not-attached]

Brings up a real Docker swarm in a sandbox on this machine, lets it grow and shrink
under load, and counts. Takes about a minute.
  --keep          leave the sandbox running afterwards (end it with: npm run sandbox -- down)
  --json          print the report and nothing else; as npm -s start -- --json
                  (without -s npm prints two lines of its own)
  --not-attached  the load balancer is not attached to the group: the functions register and deregister
Exit code: 0 when no request failed, no log line was lost and each hook was completed exactly once; else 1.
`;

const givenOptions = () => {
  try {
    return readOptions(process.argv.slice(2), {
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "not-attached": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\nSee npm start -- --help\n`);
    process.exit(2);
  }
};

const options = givenOptions();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const output = personalOutput((text) => {
  if (!options.json && !isInterrupted()) process.stdout.write(text);
});
let ours = false;

try {
  output.title(DESCRIPTION);
  await refuseIfUp();
  await ensurePackages((line) => output.line(line));
  takeDownWhenInterrupted(
    (signal) => process.stderr.write(`\n${signal}: taking the sandbox down\n`),
    "The sandbox is down; nothing was measured.",
  );
  ours = true;
  const { report, sandbox } = await demonstrate({
    attached: !options["not-attached"],
    dieWithParent: !options.keep,
    log: (line) => output.line(line),
    onPhase: (text) => output.title(text),
    onCounts: (text) => output.line(text, "faint"),
    onTimeline: (entry) => output.line(...entryLine(entry)),
    onUp: ({ stateDirectory }) => writeEnvironmentOf(stateDirectory),
  });
  await unlessInterrupted();
  const file = join(sandbox.stateDirectory, "report.json");
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  if (!options.keep) await sandbox.down();
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  output.title("What happened");
  output.block(present(report));
  for (const promise of report.broken) output.line(promise, "bad");
  if (report.passed)
    output.line("No request failed, no log line was lost, each hook was completed once.", "good");
  output.line(`The report is in ${file}`);
  if (options.keep) {
    const source = sourceCommand(join(sandbox.stateDirectory, "env"));
    output.line(`The sandbox is still up: ${source}, and later npm run sandbox -- down`);
  } else output.line("Drive it yourself: npm run sandbox -- up");
  process.exit(report.passed ? 0 : 1);
} catch (error) {
  await unlessInterrupted();
  const alreadyUp = error instanceof AlreadyUp;
  if (ours && !alreadyUp) await takeDown();
  console.error(alreadyUp ? error.message : error);
  process.exit(1);
}
