// What `roll` and `rollback` have in common: ask for the roll, follow it to its end, and show what it came to.

import { commandLine, unlessLost } from "../again.ts";
import { type Request, requestRoll } from "../aws/dispatch.ts";
import { type ExitCode, exitCode, type Tool } from "../command.ts";
import type { Deployment, Place } from "../deployment.ts";
import { follow } from "../follow/follow.ts";
import type { Ending } from "../follow/narrate.ts";
import type { Progress } from "../terminal/progress.ts";
import { json, plain } from "../terminal/text.ts";
import { exitCodeOf, intentTable, outcomeTable, parseReport, type Report, reasons } from "./report.ts";
import { rollNarrator } from "./steps.ts";

export interface Options {
  json: boolean;
  /** Options of the place, as they were given, so that a command can be shown that does the same. */
  place: Place;
}

/** @throws AwsFailure */
export const performRoll = async (
  tool: Tool,
  deployment: Deployment,
  request: Request,
  options: Options,
  progress: Progress,
): Promise<ExitCode> => {
  const again = commandFor(request, options);
  tool.whenInterrupted(`A roll may have begun. This finds it, or begins it:\n  ${again}`);
  progress.doing(`${deployment.dispatchFunction} in ${deployment.regionName} is asked`);
  const dispatched = await requestRoll(deployment, request);
  if ("ignored" in dispatched) {
    progress.clear();
    const because = plain(dispatched.ignored);
    if (options.json) tool.stdout(json({ ...summary(deployment, request), status: "ignored", because }));
    else tool.stdout(`Nothing was done: ${because}.\n`);
    return exitCode.trouble;
  }
  const name = "started" in dispatched ? dispatched.started : dispatched.joined;
  const goesOn = `The roll goes on without this tool. To follow it again:\n  ${again}`;
  tool.whenInterrupted(goesOn);
  progress.title("started" in dispatched ? `Roll ${name} began` : `Roll ${name} is under way already`);
  progress.doing("its execution is looked for");
  const ending = await unlessLost(goesOn, async () => {
    const about = { name, functionName: deployment.rollFunction, what: "roll" };
    return await follow(tool, deployment, about, rollNarrator, progress);
  });
  progress.clear();
  return show(tool, deployment, { ...summary(deployment, request), roll: name }, ending, options);
};

const summary = ({ cluster, regionName }: Deployment, request: Request) => ({
  cluster,
  region: regionName,
  request,
});

/** The command that arrives at the same execution while it runs. */
const commandFor = (request: Request, { json: asJson, place }: Options): string => {
  const { repository, image, service, why, dryRun } = request;
  const words = ["roll", `${repository}${image.startsWith("sha256:") ? "@" : ":"}${image}`];
  if (service) words.push("--service", service);
  if (why) words.push(`--why=${why}`);
  if (dryRun) words.push("--dry-run");
  if (asJson) words.push("--json");
  return commandLine(words, place);
};

const show = (
  tool: Tool,
  { rollFunction }: Deployment,
  facts: object,
  ending: Ending,
  options: Options,
): ExitCode => {
  const report = ending.kind === "succeeded" ? parseReport(ending.result) : undefined;
  if (report) {
    if (options.json) tool.stdout(json({ ...facts, status: "ended", ...report }));
    else tool.stdout(inWords(report));
    return exitCodeOf(report);
  }
  const because =
    ending.kind === "succeeded"
      ? `The roll ended, and its report cannot be read: ${plain(ending.result ?? "it was left out").slice(0, 300)}`
      : `The roll ${ending.kind}: ${plain(ending.because)}`;
  const advice = `What it came to for each service is in its history; the rest in the log group /aws/lambda/${rollFunction}.`;
  if (options.json) tool.stdout(json({ ...facts, status: ending.kind, because, outcomes: [], intents: [] }));
  else tool.stdout(`\n${because}\n${advice}\n`);
  return exitCode.trouble;
};

const inWords = (report: Report): string => {
  const { outcomes, intents } = report;
  const parts =
    outcomes.length > 0
      ? [outcomeTable(outcomes), "", ...reasons(report)]
      : intents.length > 0
        ? [intentTable(intents), "", ...reasons(report), "", "Nothing was done: it was a dry run."]
        : ["No service runs the repository: there is nothing to roll."];
  return `\n${parts.join("\n")}\n`;
};
