// The queue between the files and the output: events wait here until their fate is known.

import { setTimeout as sleep } from "node:timers/promises";
import type { Fate, Output } from "./output.ts";
import type { Statistics } from "./statistics.ts";

export interface QueuedEvent {
  /** The registry's key of its file. */
  key: string;
  endOffset: number;
  bytes: number;
  document: unknown;
}

const maxQueuedEvents = 2048;
const maxQueuedBytes = 2 * 1024 * 1024;
const maxBatch = 512;

export class Publisher {
  readonly #output: Output;
  readonly #statistics: Statistics;
  readonly #backoff: { backoffInitMs: number; backoffMaxMs: number };
  /** Called when all events of a file up to an offset are acknowledged (dropped ones count as such). */
  readonly #acknowledge: (key: string, offset: number) => void;
  readonly #queue: QueuedEvent[] = [];
  readonly #waiting = new Map<string, number>();
  readonly #aborted = new AbortController();
  #bytes = 0;
  #wake: () => void = () => {};
  #progress: () => void = () => {};

  constructor(
    output: Output,
    statistics: Statistics,
    backoff: { backoffInitMs: number; backoffMaxMs: number },
    acknowledge: (key: string, offset: number) => void,
  ) {
    this.#output = output;
    this.#statistics = statistics;
    this.#backoff = backoff;
    this.#acknowledge = acknowledge;
  }

  get full(): boolean {
    return this.#queue.length >= maxQueuedEvents || this.#bytes >= maxQueuedBytes;
  }

  get empty(): boolean {
    return this.#queue.length === 0;
  }

  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  add(event: QueuedEvent): void {
    this.#queue.push(event);
    this.#bytes += event.bytes;
    this.#waiting.set(event.key, (this.#waiting.get(event.key) ?? 0) + 1);
    this.#statistics.pipelineActive += 1;
    this.#wake();
  }

  /** Resolves when a batch is done, or after `waitMs`. */
  async progress(waitMs: number, signal: AbortSignal): Promise<void> {
    const waited = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#progress = resolve;
      }),
      // The signal or a finished batch ends the sleep: both are what the caller waits for.
      sleep(waitMs, undefined, { signal: AbortSignal.any([signal, waited.signal]) }).catch(() => undefined),
    ]);
    waited.abort();
  }

  /** Sends until `abort()`: a batch is tried again for ever, since lines must not be lost to a busy collector. */
  async run(): Promise<void> {
    const { signal } = this.#aborted;
    while (!signal.aborted) {
      if (this.#queue.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      await this.#sendBatch(this.#queue.slice(0, maxBatch), signal);
    }
  }

  abort(): void {
    this.#aborted.abort();
    this.#wake();
    this.#output.close();
  }

  /** Offsets move only when the whole batch is done, so an event that is tried again is never passed over. */
  async #sendBatch(batch: readonly QueuedEvent[], signal: AbortSignal): Promise<void> {
    let left = batch;
    for (
      let waitMs = this.#backoff.backoffInitMs;
      ;
      waitMs = Math.min(waitMs * 2, this.#backoff.backoffMaxMs)
    ) {
      this.#statistics.outputActive = left.length;
      const fates = await this.#output.send(
        left.map(({ document }) => document),
        signal,
      );
      if (signal.aborted) return;
      this.#statistics.outputActive = 0;
      this.#count(fates);
      left = left.filter((_, index) => fates[index] === "try-again");
      if (left.length === 0) break;
      // An abort ends the sleep; the loop above looks at the signal itself.
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
    this.#queue.splice(0, batch.length);
    for (const { key, endOffset, bytes } of batch) {
      this.#bytes -= bytes;
      const waiting = (this.#waiting.get(key) ?? 1) - 1;
      if (waiting === 0) this.#waiting.delete(key);
      else this.#waiting.set(key, waiting);
      this.#acknowledge(key, endOffset);
    }
    this.#statistics.pipelineActive -= batch.length;
    this.#progress();
  }

  #count(fates: readonly Fate[]): void {
    for (const fate of fates) {
      if (fate === "acknowledged") this.#statistics.acked += 1;
      else if (fate === "dropped") this.#statistics.dropped += 1;
      else this.#statistics.failed += 1;
    }
  }
}
