// Has filebeat shipped every line? Five conditions (docs/facts.md, "Filebeat"), judged over samples of one host.

import type { Sample } from "./facts.ts";
import { entryFinder, identityOf, type SampledFile, sampledFiles } from "./judge-file.ts";
import { judgeCounters, judgeFilebeat, unknownIdentities } from "./judge-filebeat.ts";
import { reasonsNotFlushed } from "./reasons.ts";
import type { FileVerdict, JudgedFile, Judgement, JudgeOptions } from "./verdicts.ts";

/** filebeat's own default of `prospector.scanner.check_interval`. */
const defaultScanIntervalSeconds = 10;
const defaultBlockedAfterSamples = 4;

/**
 * Judges a host by its samples, oldest first; more history sees more (lost and blocked files need it).
 *
 * Flushed means that every sample from at least a scan interval ago until the last one says so: a single look
 * cannot tell a file that filebeat has not found yet from one that is complete.
 *
 * @throws {RangeError} without a sample.
 */
export const judge = (samples: readonly Sample[], options: JudgeOptions = {}): Judgement => {
  const last = samples.at(-1);
  if (last === undefined) throw new RangeError("No sample to judge: log-state was never answered");
  const scanIntervalSeconds = options.scanIntervalSeconds ?? defaultScanIntervalSeconds;
  const start = samples.findLastIndex(
    (sample) => last.takenAtSeconds - sample.takenAtSeconds >= scanIntervalSeconds,
  );
  const provesTime = start >= 0;
  const window = samples.slice(Math.max(0, start));
  const history = samples.map(sampledFiles);
  const filebeat = judgeFilebeat(window);

  const context: Context = {
    history,
    window: history.slice(-window.length),
    provesAbsence: provesTime && filebeat === "running",
    blockedAfterSamples: options.blockedAfterSamples ?? defaultBlockedAfterSamples,
  };
  const present = [...(history.at(-1)?.values() ?? [])].map((file) => judged(file, verdictOf(file, context)));
  const files = [...present, ...lostFiles(last, history)].sort(worstFirst);

  const findings: Omit<Judgement, "flushed" | "waitingHelps" | "reasons"> = {
    files,
    filebeat,
    writers: last.writers.map(({ pid, command, path }) => ({ pid, command, path })),
    taskContainers: last.taskContainers?.length,
    counters: judgeCounters(samples, window),
    errors: [
      ...last.errors,
      ...unknownIdentities(last).map(
        (name) => `the registry identifies files by ${name}, which cannot be judged`,
      ),
      ...(last.filebeat.filter((process) => process.holdsRegistry).length > 1
        ? ["several filebeat processes hold this registry open"]
        : []),
    ],
    leftOut: last.leftOut.unknown,
  };
  const reasons = reasonsNotFlushed(findings, window, provesTime ? undefined : scanIntervalSeconds);
  return { ...findings, flushed: reasons.length === 0, waitingHelps: waitingHelps(findings), reasons };
};

interface Context {
  history: readonly Map<string, SampledFile>[];
  window: readonly Map<string, SampledFile>[];
  /** A file without an entry was really overlooked, not just found late. */
  provesAbsence: boolean;
  blockedAfterSamples: number;
}

const verdictOf = (now: SampledFile, context: Context): FileVerdict => {
  const { backlog } = now;
  switch (backlog.kind) {
    case "none":
      return { kind: "shipped" };
    case "fragment":
    case "too-small":
      return backlog;
    case "beyond-end":
      return { kind: "truncated", offsetBytes: backlog.offsetBytes };
    case "no-entry": {
      const overlooked = context.window.every(
        (files) => files.get(identityOf(now.file))?.backlog.kind === "no-entry",
      );
      if (context.provesAbsence && overlooked)
        return { kind: "not-matched", backlogBytes: backlog.backlogBytes };
      return { kind: stands(now, context) ? "blocked" : "pending", backlogBytes: backlog.backlogBytes };
    }
    case "behind":
      return { kind: stands(now, context) ? "blocked" : "pending", backlogBytes: backlog.backlogBytes };
  }
};

/** Nothing of the file was acknowledged over several samples. A backlog that only grows faster is not blocked. */
const stands = (now: SampledFile, { history, blockedAfterSamples }: Context): boolean => {
  if (history.length < blockedAfterSamples) return false;
  return history.slice(-blockedAfterSamples).every((files) => {
    const then = files.get(identityOf(now.file));
    return (
      then !== undefined && then.file.sizeBytes > then.offsetBytes && then.offsetBytes === now.offsetBytes
    );
  });
};

/** Files that had a backlog when last seen and are neither there any more nor known to have been shipped since. */
const lostFiles = (last: Sample, history: readonly Map<string, SampledFile>[]): JudgedFile[] => {
  const present = new Set([...last.files, ...last.leftOut.complete].map(identityOf));
  const seen = new Map(history.flatMap((files) => [...files]));
  const find = entryFinder(last.entries);
  return [...seen.values()].flatMap((file) => {
    if (present.has(identityOf(file.file)) || !hasBacklog(file) || last.leftOut.unknown > 0) return [];
    const offsetBytes = Math.max(file.offsetBytes, find(file.file)?.offsetBytes ?? 0);
    const backlogBytes = file.file.sizeBytes - offsetBytes;
    if (backlogBytes <= (file.file.fragmentBytes ?? 0)) return [];
    return [judged({ ...file, offsetBytes }, { kind: "lost", backlogBytes })];
  });
};

const hasBacklog = ({ backlog }: SampledFile): boolean =>
  backlog.kind === "behind" || backlog.kind === "no-entry" || backlog.kind === "too-small";

const judged = ({ file, offsetBytes }: SampledFile, verdict: FileVerdict): JudgedFile => ({
  path: file.path,
  encodedPath: file.encodedPath,
  device: file.device,
  inode: file.inode,
  sizeBytes: file.sizeBytes,
  offsetBytes,
  deleted: file.deleted,
  verdict,
});

const order: readonly FileVerdict["kind"][] = [
  "lost",
  "not-matched",
  "too-small",
  "blocked",
  "truncated",
  "pending",
  "fragment",
  "shipped",
];

/** A total order, so that the same facts give the same judgement in whatever order they came. */
const worstFirst = (left: JudgedFile, right: JudgedFile): number =>
  order.indexOf(left.verdict.kind) - order.indexOf(right.verdict.kind) ||
  compare(left.encodedPath, right.encodedPath) ||
  compare(identityOf(left), identityOf(right));

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const waitingHelps = (findings: Omit<Judgement, "flushed" | "waitingHelps" | "reasons">): boolean => {
  const growing = findings.writers.length > 0 || (findings.taskContainers ?? 0) > 0;
  return !(
    findings.filebeat === "unknown-layout" ||
    findings.counters.newDropped > 0 ||
    findings.files.some(
      ({ verdict }) =>
        verdict.kind === "lost" ||
        verdict.kind === "not-matched" ||
        (verdict.kind === "too-small" && !growing),
    )
  );
};
