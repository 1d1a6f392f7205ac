// A plan for people: what would be done to what, why, and what could not be judged.
import { type ExitCode, exitCode } from "../command.ts";
import { table } from "../terminal/table.ts";
import { plain } from "../terminal/text.ts";
import type { Plan } from "./report.ts";

/** As `diff`: nothing to do and everything judged, or not. */
export const exitCodeOf = ({ actions, holds, unknown }: Plan): ExitCode =>
  actions.length + holds.length + unknown.length === 0 ? exitCode.done : exitCode.trouble;

export const planPage = (plan: Plan): string => [...found(plan), lastLine(plan)].join("\n");

/** All of it but the sum. */
export const found = (plan: Plan): string[] => {
  const { actions, holds, unknown } = plan;
  return [
    ...(actions.length > 0 ? [actionTable(plan), ""] : []),
    ...listed("Held, nothing of this may be done without a person:", holds),
    ...listed("Not judged, because it could not be read:", unknown),
  ];
};

const actionTable = ({ actions }: Plan): string =>
  table(
    ["Action", "On", "Risk", "Fact", "Reason"],
    actions.map(({ kind, subject, risk, fact, reason }) =>
      [kind, subject, risk, fact, reason].map((text) => plain(text) || "-"),
    ),
  );

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${plain(line)}`), ""];

const lastLine = ({ actions, unknown }: Plan): string => {
  const safe = actions.filter(({ risk }) => risk === "safe").length;
  if (actions.length > 0)
    return `${actions.length} to do, ${safe} of them safe. Nothing was changed: this is a plan.`;
  return unknown.length > 0 ? "Nothing to do in what could be read." : "Nothing to do.";
};
