// The history of a service's rolls, read and shown.
import { readVersions } from "../../shared/aws/parameters.ts";
import { type HistoryEntry, readHistory } from "../../shared/rolls/history.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";
import { table } from "../terminal/table.ts";
import { folded, plain } from "../terminal/text.ts";
import { imageCell } from "./image-names.ts";

/** The newest first. @throws AwsFailure */
export const historyOf = async (deployment: Deployment, service: string): Promise<HistoryEntry[]> => {
  const { systemsManager, regionName, historyParameter } = deployment;
  const name = historyParameter(service);
  const about = {
    doing: "read the history",
    what: name,
    region: regionName,
    permission: "ssm:GetParameterHistory",
  };
  return readHistory(await attempt(about, () => readVersions(systemsManager, name)));
};

export const noHistory = (deployment: Deployment, service: string): string =>
  `${deployment.historyParameter(service)} in ${deployment.regionName} has no entry: ${service} was never rolled, or is called otherwise (docker service ls shows the names).`;

const HEAD = ["Row", "When (UTC)", "Version", "Outcome", "Before → after", "By"];

const cellsOf = (entry: HistoryEntry, index: number): string[] => [
  String(index + 1),
  plain(entry.startedAt.slice(0, 16).replace("T", " ")),
  imageCell(entry.image),
  plain(entry.outcome),
  `${imageCell(entry.from)} → ${imageCell(entry.runs)}`,
  plain(entry.trigger),
];

/** Why it did not converge; an end that is as it should be needs no words. */
const causeOf = ({ outcome, cause, because }: HistoryEntry): string =>
  plain(cause ?? (outcome === "converged" ? "" : because));

/** For files and programs: a roll is a line, however long. */
export const historyLines = (entries: readonly HistoryEntry[]): string =>
  table(
    [...HEAD, "Why", "Cause"],
    entries.map((entry, index) => [...cellsOf(entry, index), plain(entry.why) || "-", causeOf(entry)]),
  );

const INDENT = " ".repeat(5);

/** For a terminal: what a person said, and what went wrong, below the row, so that it is read and not cut. */
export const historyPage = (entries: readonly HistoryEntry[], columns: number): string => {
  const [head, ...rows] = table(HEAD, entries.map(cellsOf)).split("\n");
  const below = (text: string): string[] =>
    text === "" ? [] : folded(text, columns - INDENT.length).map((line) => INDENT + line);
  return [
    head,
    ...entries.flatMap((entry, index) => [
      rows[index],
      ...below(entry.why && `"${plain(entry.why)}"`),
      ...below(causeOf(entry)),
    ]),
  ].join("\n");
};
