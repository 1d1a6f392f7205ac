// What to do next with a roll that is under way, from one look at the service. The update status alone cannot be believed: it is
// reset by every write, and pauses for tasks that went with their node (docs/facts.md, D2, D3, D5).
import type { ServiceFacts } from "../swarm/services.ts";
import { type Cause, causeOf, isGuilty } from "./cause.ts";
import { sameImage } from "./image.ts";
import { markerOf } from "./marker.ts";

/** What is remembered from look to look. */
export interface Progress {
  /** The most tasks that ran the image at the same time, and when that was (epoch milliseconds). */
  best: number;
  since: number;
  resumes: number;
  /** Looks in a row that found slots without a node and nothing on its way. */
  idle: number;
}

export const noProgress = (now: number): Progress => ({ best: 0, since: now, resumes: 0, idle: 0 });

export type Move =
  | { kind: "wait"; because: string }
  | { kind: "converged"; running: number }
  /** Slots without a node keep the update from ending: they are taken away until it has. */
  | { kind: "shrink"; because: string }
  /** Paused by tasks that ended with their node. */
  | { kind: "resume"; because: string }
  | { kind: "failed"; cause: Cause }
  /** Nothing can be proved: no task has a place. */
  | { kind: "stalled"; cause: Cause }
  | { kind: "superseded"; because: string; marked: boolean };

export interface Limits {
  rollId: string;
  /** The image that is to run. */
  wanted: string;
  now: number;
  stallSeconds: number;
  deadline: number;
}

/** Failures of the image itself that are one too many, where swarm's own pause was overwritten by somebody's write. */
const MOST_FAILURES = 3;
const MOST_RESUMES = 5;

const count = (
  tasks: ServiceFacts["tasks"],
  which: (task: ServiceFacts["tasks"][number]) => boolean,
): number => tasks.filter(which).reduce((sum, task) => sum + task.count, 0);

/** A task has a node and does not run yet, or one that stops still has the place of its successor. */
const isMoving = ({ tasks, stopping }: ServiceFacts): boolean =>
  stopping > 0 ||
  tasks.some(({ placed, state }) => placed && !["running", "failed", "rejected"].includes(state));

/** Of the tasks that are to run: how many do, with the image; how many have a place; how many have none. */
export const tally = ({ tasks }: Pick<ServiceFacts, "tasks">, wanted: string) => ({
  updated: count(tasks, (task) => task.state === "running" && sameImage(task.image, wanted)),
  placed: count(tasks, ({ placed }) => placed),
  pending: count(tasks, ({ placed }) => !placed),
});

/** @returns the move, and what to remember. */
export const nextMove = (facts: ServiceFacts, before: Progress, limits: Limits): [Move, Progress] => {
  const { rollId, wanted, now } = limits;
  const { updated, placed, pending } = tally(facts, wanted);
  const idle = pending > 0 && !isMoving(facts) ? before.idle + 1 : 0;
  const further = updated > before.best;
  const progress = { ...before, idle, ...(further ? { best: updated, since: now } : {}) };
  const marker = markerOf(facts);
  if (marker?.id !== rollId) {
    const because = marker ? `${marker.id} has taken over` : "somebody has taken its marker away";
    return [{ kind: "superseded", because, marked: false }, progress];
  }
  if (!sameImage(facts.image, wanted))
    return [
      { kind: "superseded", because: `somebody has set the image ${facts.image}`, marked: true },
      progress,
    ];

  const failed = failure(facts);
  if (failed === "pause")
    return progress.resumes < MOST_RESUMES
      ? [
          { kind: "resume", because: `paused, and no task failed by itself: ${facts.update.message}` },
          { ...progress, resumes: progress.resumes + 1, since: now },
        ]
      : [
          { kind: "failed", cause: causeOf(facts, { code: "unknown", text: facts.update.message }) },
          progress,
        ];
  if (failed) return [{ kind: "failed", cause: failed }, progress];

  const settled = pending === 0 && updated === placed && isQuiet(facts);
  const wantsNone = facts.labels["hive.roll.replicas"] === "0";
  if (settled && (placed > 0 || wantsNone)) return [{ kind: "converged", running: updated }, progress];
  if (settled || (placed === 0 && facts.replicas === 0))
    return [{ kind: "stalled", cause: causeOf(facts, NO_PLACE) }, progress];
  // Between the end of an old task and the place of its successor a slot is pending for a moment: one look proves nothing.
  // Past the deadline nothing is taken away any more: slots that somebody adds again and again must not hold the roll for ever.
  if (now < limits.deadline && idle > 0 && (updated === placed || idle >= 2))
    return [
      { kind: "shrink", because: `${pending} tasks have no place` },
      { ...progress, since: now, idle: 0 },
    ];

  const waited = (now - progress.since) / 1000;
  if (waited > limits.stallSeconds || now >= limits.deadline) {
    const text = `no task more runs it since ${Math.round(waited)} s (${updated} of ${placed})`;
    return [{ kind: "failed", cause: causeOf(facts, { code: "no-progress", text }) }, progress];
  }
  return [{ kind: "wait", because: `${updated} of ${placed} tasks run it` }, progress];
};

const NO_PLACE: Cause = { code: "no-capacity", text: "no task of the service has a place on any node" };

/** @returns the cause; `pause`: swarm has paused the update for no fault of the image. */
const failure = (facts: ServiceFacts): Cause | "pause" | undefined => {
  const paused = /^(paused|rollback_)/.test(facts.update.state);
  const guilty = facts.failures.filter(isGuilty).length;
  if (guilty > 0 && (paused || facts.failed >= MOST_FAILURES))
    return causeOf(facts, { code: "start-failed", text: facts.update.message });
  return paused ? "pause" : undefined;
};

/** The updater has nothing to do, or has said nothing (a write with nothing to update) for as long as tasks are watched. */
const isQuiet = ({ update, youngest, monitorSeconds }: ServiceFacts): boolean =>
  update.state === "completed" || (update.state === "none" && (youngest ?? monitorSeconds) >= monitorSeconds);
