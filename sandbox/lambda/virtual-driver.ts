// Runs durable executions on a virtual clock: whenever every invocation has returned, time jumps to the next timer.

import type { VirtualClock } from "../clock.ts";
import type { DurableService } from "./durable-service.ts";
import { type Execution, isClosed } from "./execution.ts";

export interface DriveOptions {
  /** Virtual time after which the run is given up; 72 hours by default. */
  limitMilliseconds?: number;
  /** Real time after which an invocation that has not returned is taken for stuck; 10 s by default. */
  stuckAfterMilliseconds?: number;
}

/** Anything that runs code in real time and must be left to finish before virtual time goes on. */
export interface Quiet {
  /** Invocations in flight. */
  running(): number;
  /** Resolves when there are none. */
  quiet(): Promise<void>;
}

/** @throws when the execution cannot go on, or not within the limit. */
export const runToEnd = async (
  service: DurableService,
  clock: VirtualClock,
  executionArn: string,
  options: DriveOptions = {},
): Promise<Execution> => {
  await runUntil([service], clock, () => isClosed(service.get(executionArn)), options);
  return service.get(executionArn);
};

/** Advances from timer to timer until the condition holds. All timers of the clock count, those of models too. */
export const runUntil = async (
  quiet: readonly Quiet[],
  clock: VirtualClock,
  condition: () => boolean,
  { limitMilliseconds = 72 * 3600 * 1000, stuckAfterMilliseconds = 10_000 }: DriveOptions = {},
): Promise<void> => {
  const limit = clock.now() + limitMilliseconds;
  for (;;) {
    await clock.advance(0);
    await allQuiet(quiet, stuckAfterMilliseconds);
    if (condition()) return;
    const next = clock.nextDue();
    if (next === undefined)
      throw new Error("Virtual time cannot go on: no timer is left, and the condition does not hold.");
    if (next > limit) {
      throw new Error(`The condition does not hold after ${limitMilliseconds / 1000} s of virtual time.`);
    }
    await clock.advanceTo(next);
  }
};

const allQuiet = async (parts: readonly Quiet[], stuckAfterMilliseconds: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const advice = "Does a step wait for the virtual clock? It stands still while an invocation runs.";
      reject(
        new Error(
          `An invocation has not returned after ${stuckAfterMilliseconds} ms of real time. ${advice}`,
        ),
      );
    }, stuckAfterMilliseconds);
  });
  try {
    // One part may set another to work, so that all must be quiet at once.
    while (parts.some((part) => part.running() > 0)) {
      for (const part of parts) await Promise.race([part.quiet(), stuck]);
    }
  } finally {
    clearTimeout(timer);
  }
};

/** Real milliseconds that the durable SDK 2.4.0 waits, with nothing left to do, before it suspends an execution. */
const SUSPENSION_COOLDOWN = 20;

/**
 * Shortens the SDK's wait before it suspends, which is all that a long poll on a virtual clock costs: 480 checks take
 * 10 s with it and about 1 s without. Only for tests; call the returned function to undo it.
 */
export const hastenSuspension = (): (() => void) => {
  const original = globalThis.setTimeout;
  const hastened = (run: (...values: unknown[]) => void, delay?: number, ...values: unknown[]) =>
    original(run, delay === SUSPENSION_COOLDOWN ? 1 : delay, ...values);
  globalThis.setTimeout = Object.assign(hastened, original) as typeof globalThis.setTimeout;
  return () => {
    globalThis.setTimeout = original;
  };
};
