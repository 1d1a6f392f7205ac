// What a roll came to: the flow's report, checked; the tables that show it; and whether all is well.
import * as z from "zod/mini";
import { type ExitCode, exitCode } from "../command.ts";
import { parseJson } from "../follow/step-result.ts";
import { table } from "../terminal/table.ts";
import { plain, plainLines } from "../terminal/text.ts";
import { imageCell } from "./image-names.ts";

const outcome = z.object({
  roll: z.string(),
  outcome: z.string(),
  service: z.string(),
  repository: z.string(),
  image: z.string(),
  version: z.string(),
  from: z.string(),
  runs: z.string(),
  because: z.string(),
  cause: z.optional(z.object({ code: z.string(), text: z.string() })),
  trigger: z.string(),
  why: z.string(),
  startedAt: z.string(),
  seconds: z.number(),
});

const intent = z.object({
  service: z.string(),
  does: z.string(),
  because: z.string(),
  from: z.string(),
  to: z.string(),
});

const report = z.object({ outcomes: z.array(outcome), intents: z.array(intent) });

export type Outcome = z.infer<typeof outcome>;
export type Intent = z.infer<typeof intent>;
export type Report = z.infer<typeof report>;

/** @returns undefined when it is none: another version of the flow, or a result that was cut off. */
export const parseReport = (result: string | undefined): Report | undefined => {
  const parsed = report.safeParse(parseJson(result));
  return parsed.success ? parsed.data : undefined;
};

/** The other ends: rolled back, rollback failed, stalled, refused, superseded. */
const GOOD = ["converged", "skipped", "roll"];

/** A dry run that finds no service, or a roll without any outcome, did not do what was asked for. */
export const exitCodeOf = ({ outcomes, intents }: Report): ExitCode => {
  const ends = [...outcomes.map((each) => each.outcome), ...intents.map(({ does }) => does)];
  return ends.length > 0 && ends.every((end) => GOOD.includes(end)) ? exitCode.done : exitCode.trouble;
};

export const outcomeTable = (outcomes: readonly Outcome[]): string =>
  table(
    ["Service", "Outcome", "Wanted", "Before", "Runs now", "Seconds"],
    outcomes.map(({ service, outcome, image, from, runs, seconds }) => [
      plain(service) || "-",
      plain(outcome),
      imageCell(image),
      imageCell(from),
      imageCell(runs),
      seconds.toFixed(1),
    ]),
  );

export const intentTable = (intents: readonly Intent[]): string =>
  table(
    ["Service", "Would be", "Runs now", "Wanted"],
    intents.map(({ service, does, from, to }) => [
      plain(service),
      does === "roll" ? "rolled" : plain(does),
      imageCell(from),
      imageCell(to),
    ]),
  );

/** Why, one service after the other; a cause may have lines of its own. */
export const reasons = ({ outcomes, intents }: Report): string[] => [
  ...outcomes.flatMap(({ service, repository, because, cause }) => [
    `${plain(service || repository)}: ${plain(because)}`,
    ...(cause ? causeLines(cause) : []),
  ]),
  ...intents.map(({ service, because }) => `${plain(service)}: ${plain(because)}`),
];

const causeLines = ({ code, text }: { code: string; text: string }): string[] => {
  const [first = "", ...others] = plainLines(text);
  return [`  ${plain(code)}: ${first}`, ...others.map((line) => `    ${line}`)];
};
