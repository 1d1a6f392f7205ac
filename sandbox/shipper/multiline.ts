// Puts the lines of an event together, as filebeat's multiline parser does: only the next event, or time, tells that one is complete.
import type { MultilineConfiguration } from "./configuration.ts";
import type { Line } from "./harvester.ts";

export class Multiline {
  readonly #options: MultilineConfiguration;
  #pending: Line | undefined;
  #lines = 0;
  #lastMs = 0;

  constructor(options: MultilineConfiguration) {
    this.#options = options;
  }

  /** True while lines are held back: they are in no event yet, and must not count as read. */
  get holds(): boolean {
    return this.#pending !== undefined;
  }

  /** @returns the events that these lines completed, each from its first line to the end of its last */
  add(lines: readonly Line[], nowMs: number): Line[] {
    const complete: Line[] = [];
    for (const line of lines) {
      this.#lastMs = nowMs;
      if (this.#pending === undefined || this.#options.pattern.test(line.message)) {
        if (this.#pending) complete.push(this.#pending);
        this.#pending = { ...line };
        this.#lines = 1;
        continue;
      }
      this.#lines += 1;
      this.#pending.endOffset = line.endOffset;
      if (this.#lines <= this.#options.maxLines) this.#pending.message += `\n${line.message}`;
    }
    return complete;
  }

  /** @returns the last event, once nothing was added to it for long enough */
  due(nowMs: number): Line[] {
    if (this.#pending === undefined || nowMs - this.#lastMs < this.#options.timeoutMs) return [];
    const complete = [this.#pending];
    this.#pending = undefined;
    return complete;
  }
}
