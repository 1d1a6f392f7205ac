// The history of a service's rolls, read and shown.
import { readVersions } from "../../shared/aws/parameters.ts";
import { type HistoryEntry, readHistory } from "../../shared/rolls/history.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";
import { table } from "../terminal/table.ts";
import { plain } from "../terminal/text.ts";
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

/** What it was for, and on whose word: a push, or a person's reason. */
const trigger = ({ trigger, why }: HistoryEntry): string => plain(why ? `${trigger}: ${why}` : trigger);

/** Why it did not converge; an end that is as it should be needs no words. */
const cause = ({ outcome, cause, because }: HistoryEntry): string =>
  plain(cause ?? (outcome === "converged" ? "" : because));

const HEAD = ["Row", "When (UTC)", "Version", "Outcome", "Before → after", "By", "Cause"];
const FOLDED = ["By", "Cause"].map((title) => HEAD.indexOf(title));

/** @param columns of the terminal; undefined: a row is a line, however long */
export const historyTable = (entries: readonly HistoryEntry[], columns: number | undefined): string =>
  table(
    HEAD,
    entries.map((entry, index) => [
      index + 1,
      plain(entry.startedAt.slice(0, 16).replace("T", " ")),
      imageCell(entry.image),
      plain(entry.outcome),
      `${imageCell(entry.from)} → ${imageCell(entry.runs)}`,
      trigger(entry),
      cause(entry),
    ]),
    columns === undefined ? undefined : { columns, folded: FOLDED },
  );
