// `repair`: shows what is wrong, and with --apply has it put right and follows that to its end.
import { commandLine } from "../again.ts";
import { defineCommand, type ExitCode, exitCode, type Tool } from "../command.ts";
import { type Deployment, openDeployment, type Place } from "../deployment.ts";
import { UsageError } from "../options.ts";
import { pauseLines, pauseOf } from "../pause/picture.ts";
import { type Choice, choose, ROTATION } from "../repair/choose.ts";
import { lookAtCluster } from "../repair/look.ts";
import { performRepair, type Repaired } from "../repair/perform.ts";
import { exitCodeOf, found } from "../repair/plan-page.ts";
import type { Report } from "../repair/report.ts";
import { resultTable } from "../repair/results.ts";
import type { Progress } from "../terminal/progress.ts";
import { json as asJson, plain } from "../terminal/text.ts";

interface Asked {
  place: Place;
  json: boolean;
  safe: boolean;
}

export const repair = defineCommand({
  name: "repair",
  takes: [],
  summary: "put right what plan says is wrong",
  about: `Without --apply it shows the plan, and changes nothing. With it, exactly the
actions that were shown are asked for; the repair looks once more, does of them
what is still so, and holds what its guards hold. It is followed to its end, and
so is each flow that it starts: joins, retirements, rolls.

Actions for people's eyes (look-at) are shown and left. It ends with 0 when
nothing is left, and with 1 when something is, failed, or was held.`,
  options: {
    apply: { type: "boolean", default: false, help: "do what is shown" },
    safe: { type: "boolean", default: false, help: "only what is safe without a person's decision" },
    "rotate-tokens": {
      type: "boolean",
      default: false,
      help: "this alone: new join tokens",
    },
  },
  run: async (_words, values, tool) => {
    const { cluster, stage, region, apply, safe, json } = values;
    const asked: Asked = { place: { cluster, stage, region }, json, safe };
    if (safe && values["rotate-tokens"])
      throw new UsageError(
        "--safe and --rotate-tokens contradict each other: that one is a person's decision.",
      );
    const progress = tool.progress(json ? "stderr" : "stdout");
    const deployment = await openDeployment(tool, asked.place);
    const report = await lookAtCluster(tool, deployment, progress);
    const choice: Choice = values["rotate-tokens"]
      ? { asked: [ROTATION], left: [] }
      : choose(report.plan, { safe });
    if (!json) tool.stdout(`${shown(deployment, report, choice, asked.place)}\n`);
    if (!apply) return offered(tool, deployment, report, choice, asked, values["rotate-tokens"]);
    return await applied(tool, deployment, report, choice, asked, progress);
  },
});

const shown = (
  { cluster, regionName }: Deployment,
  { plan, picture }: Report,
  { asked }: Choice,
  place: Place,
): string => {
  const title = `Cluster ${cluster} in ${regionName} at ${plain(plan.takenAt)}\n`;
  const actions = asked.includes(ROTATION) ? asked : plan.actions;
  const paused = pauseLines(picture, commandLine(["resume"], place));
  return `${title}\n${paused}${found({ ...plan, actions: [...actions] }).join("\n")}`.trimEnd();
};

/** What could be done, and how. */
const offered = (
  tool: Tool,
  { regionName }: Deployment,
  { plan, raw }: Report,
  { asked, left }: Choice,
  { place, json, safe }: Asked,
  rotation: boolean,
): ExitCode => {
  const words = ["repair", "--apply", ...(safe ? ["--safe"] : []), ...(rotation ? ["--rotate-tokens"] : [])];
  if (json) tool.stdout(asJson({ cluster: place.cluster, region: regionName, plan: raw.plan, asked, left }));
  else if (asked.length === 0)
    tool.stdout(`\n${left.length > 0 ? "Nothing that a repair could do." : "Nothing to do."}\n`);
  else
    tool.stdout(
      `\nNothing was changed. To do ${asked.length === 1 ? "this one" : `these ${asked.length}`}:\n  ${commandLine(words, place)}\n${leftWords(left.length)}`,
    );
  return rotation ? exitCode.trouble : exitCodeOf(plan);
};

const leftWords = (count: number): string =>
  count === 0 ? "" : `${count} of the list would be left for a person.\n`;

const applied = async (
  tool: Tool,
  deployment: Deployment,
  { plan, picture }: Report,
  { asked, left }: Choice,
  { place, json }: Asked,
  progress: Progress,
): Promise<ExitCode> => {
  const where = { cluster: place.cluster, region: deployment.regionName };
  const none = (because: string, code: ExitCode): ExitCode => {
    if (json) tool.stdout(asJson({ ...where, status: "nothing applied", because, results: [], left }));
    else tool.stdout(`\n${because}\n`);
    return code;
  };
  const paused = pauseOf(picture);
  if (paused !== undefined) return none(`Nothing was applied: repairs are ${paused}`, exitCode.trouble);
  if (asked.length === 0)
    return none(
      left.length > 0
        ? "Nothing that a repair could do: what is listed is left for a person."
        : "Nothing to do.",
      exitCodeOf(plan),
    );
  if (!json) tool.stdout("\n");
  const goesOn = `What is left then:\n  ${commandLine(["plan"], place)}`;
  const repaired = await performRepair(tool, deployment, asked, goesOn, progress);
  progress.clear();
  if (json)
    tool.stdout(
      asJson({ ...where, status: "ended", repair: repaired.name, asked, results: repaired.results, left }),
    );
  else tool.stdout(`\n${resultTable(repaired.results)}\n\n${sum(repaired, left.length)}\n`);
  const done = repaired.results.every(({ result }) => result === "done");
  return done && left.length + plan.unknown.length === 0 ? exitCode.done : exitCode.trouble;
};

/** `3 done, 1 failed; 2 left for a person.` */
const sum = ({ results }: Repaired, left: number): string => {
  const counted = (["done", "failed", "not applied", "left"] as const)
    .map((one) => [results.filter(({ result }) => result === one).length, one] as const)
    .filter(([count]) => count > 0)
    .map(([count, one]) => `${count} ${one}`);
  return `${counted.join(", ")}${left > 0 ? `; ${left} of the plan left for a person` : ""}.`;
};
