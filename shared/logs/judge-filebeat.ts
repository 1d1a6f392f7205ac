// Is filebeat alive, and is it the one that was there a scan interval ago?

import type { FilebeatProcess, FilebeatStats, Sample } from "./facts.ts";
import type { FilebeatVerdict, Judgement } from "./verdicts.ts";

/** Identities that this code cannot match with a file on disk: it refuses rather than guesses. */
export const unknownIdentities = (sample: Sample): string[] => [
  ...new Set(sample.entries.flatMap(({ identity }) => (identity.kind === "other" ? [identity.name] : []))),
];

/** `window`: the samples from a scan interval ago until now, at least one. */
export const judgeFilebeat = (window: readonly Sample[]): FilebeatVerdict => {
  const last = window.at(-1);
  if (last === undefined || processOf(last) === undefined) return "dead";
  if (last.layout === "unknown" || unknownIdentities(last).length > 0) return "unknown-layout";
  return new Set(window.map(runOf)).size === 1 ? "running" : "restarted";
};

/**
 * Ours is the one that holds this registry open, as every filebeat with an operation log does. Older ones only
 * open it to write, so there any filebeat counts.
 */
export const processOf = ({ filebeat, layout }: Sample): FilebeatProcess | undefined =>
  filebeat.find((process) => process.holdsRegistry) ?? (layout === "operation-log" ? undefined : filebeat[0]);

const runOf = (sample: Sample): string => {
  const process = processOf(sample);
  return `${process?.pid} ${process?.startTicks} ${sample.stats?.ephemeralId ?? ""}`;
};

/**
 * What filebeat counts. On their way are the events of its pipeline, which are in it until they are acknowledged; what the output
 * counts as active stays too high for ever after a request that failed as a whole (before 8.15). Failed events are tried again, so they matter only within the window. Dropped ones are
 * gone for good, yet the registry says acknowledged: they matter since the first sample of all. A filebeat that
 * was started meanwhile counts from 0.
 */
export const judgeCounters = (
  samples: readonly Sample[],
  window: readonly Sample[],
): Judgement["counters"] => {
  const stats = samples.at(-1)?.stats;
  return {
    active: stats === undefined ? undefined : activeOf(stats),
    newFailed: growth(window, "failed"),
    newDropped: growth(samples, "dropped"),
  };
};

/** The output's count is only for a filebeat that does not tell the pipeline's. */
export const activeOf = (stats: FilebeatStats): number => stats.pipelineActive ?? stats.outputActive ?? 0;

const growth = (samples: readonly Sample[], counter: "failed" | "dropped"): number => {
  let [sum, run, value] = [0, "", 0];
  for (const [index, sample] of samples.filter(({ stats }) => stats !== undefined).entries()) {
    const now = sample.stats?.[counter] ?? 0;
    const sameRun = runOf(sample) === run;
    if (index > 0) sum += Math.max(0, sameRun ? now - value : now);
    [run, value] = [runOf(sample), now];
  }
  return sum;
};
