// Why a host is not flushed, in words, the gravest first. No reason means flushed.

import type { Sample } from "./facts.ts";
import { sampledFiles } from "./judge-file.ts";
import { activeOf, processOf } from "./judge-filebeat.ts";
import type { FileVerdict, JudgedFile, Judgement } from "./verdicts.ts";

type Findings = Omit<Judgement, "flushed" | "waitingHelps" | "reasons">;

/**
 * `findings` speak of the last sample; every other sample of `window` must be clean too. `missingSeconds` is set
 * when no sample is a scan interval old yet.
 */
export const reasonsNotFlushed = (
  findings: Findings,
  window: readonly Sample[],
  missingSeconds: number | undefined,
): string[] => {
  const { filebeat, counters, taskContainers, writers } = findings;
  const of = (kind: FileVerdict["kind"]): JudgedFile[] =>
    findings.files.filter(({ verdict }) => verdict.kind === kind);
  const reasons = [
    when(
      filebeat === "unknown-layout",
      "filebeat's registry has a layout that is not known: it is not judged",
    ),
    when(filebeat === "dead", "filebeat is not running"),
    fileReason("lost: gone with lines that were never acknowledged", of("lost")),
    fileReason("NOT MATCHED by filebeat's configuration", of("not-matched")),
    fileReason("too small for a fingerprint: filebeat never starts on them", of("too-small")),
    when(counters.newDropped > 0, `${counters.newDropped} events were dropped by filebeat's output`),
    ...findings.errors,
    when(findings.leftOut > 0, `${findings.leftOut} files did not fit into the answer`),
    when(taskContainers === undefined, "docker did not say which task containers run"),
    when((taskContainers ?? 0) > 0, `${taskContainers} task containers still run`),
    when(
      writers.length > 0,
      `still written by ${writers.map(({ pid, command }) => `${command} (${pid})`).join(", ")}`,
    ),
    fileReason("blocked: the backlog does not shrink", of("blocked")),
    fileReason("truncated or another file's inode", of("truncated")),
    fileReason("pending", of("pending")),
    when(filebeat === "restarted", "filebeat was restarted between the samples"),
    when((counters.active ?? 0) > 0, `${counters.active} events are still on their way`),
    when(counters.newFailed > 0, `${counters.newFailed} events failed and are tried again`),
    when(
      missingSeconds !== undefined,
      `no earlier sample is ${missingSeconds} seconds old: one look proves nothing`,
    ),
  ].filter((reason) => reason !== undefined);
  // Only where the last sample is clean is it worth saying that an earlier one was not.
  if (reasons.length > 0 || window.slice(0, -1).every(isClean)) return reasons;
  return ["it looks complete now, but not yet for a whole scan interval"];
};

const isClean = (sample: Sample): boolean =>
  sample.taskContainers?.length === 0 &&
  sample.writers.length === 0 &&
  processOf(sample) !== undefined &&
  sample.layout !== "unknown" &&
  sample.errors.length === 0 &&
  sample.leftOut.unknown === 0 &&
  (sample.stats === undefined || activeOf(sample.stats) === 0) &&
  [...sampledFiles(sample).values()].every(
    ({ backlog }) => backlog.kind === "none" || backlog.kind === "fragment",
  );

const when = (condition: boolean, reason: string): string | undefined => (condition ? reason : undefined);

/** Names three files at most: the rest is in the judgement. */
const fileReason = (what: string, files: readonly JudgedFile[]): string | undefined => {
  if (files.length === 0) return undefined;
  const bytes = files.reduce(
    (sum, { verdict }) => sum + ("backlogBytes" in verdict ? verdict.backlogBytes : 0),
    0,
  );
  const names = files.slice(0, 3).map(({ encodedPath }) => encodedPath);
  if (files.length > names.length) names.push(`and ${files.length - names.length} more`);
  return `${files.length === 1 ? "1 file" : `${files.length} files`} ${what} (${bytes} bytes): ${names.join(", ")}`;
};
