// Time as the models see it: the machine's own in the sandbox, a virtual one in flow tests.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `run` once, `milliseconds` from now. */
  after(milliseconds: number, run: () => void): Timer;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves `milliseconds` from now, on the given clock. */
export const sleep = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => clock.after(milliseconds, resolve));

/**
 * A clock that stands still until told to advance. Timers run in the order of their due time, and after each
 * one the promises that it settled are let run, so that chains of timers behave as they would in real time.
 */
export class VirtualClock implements Clock {
  #now: number;
  #serial = 0;
  readonly #timers = new Map<number, { due: number; run: () => void }>();

  constructor(startMilliseconds: number = Date.UTC(2026, 0, 1)) {
    this.#now = startMilliseconds;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): Timer {
    const id = this.#serial++;
    this.#timers.set(id, { due: this.#now + Math.max(0, milliseconds), run });
    return { cancel: () => this.#timers.delete(id) };
  }

  /** When the next timer is due (milliseconds since the epoch); undefined: there is none. */
  nextDue(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.[1].due;
  }

  /** Moves to `target` (milliseconds since the epoch), running every timer that is due on the way. */
  async advanceTo(target: number): Promise<void> {
    await settle();
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.due);
      timer.run();
      await settle();
    }
    this.#now = Math.max(this.#now, target);
  }

  advance(milliseconds: number): Promise<void> {
    return this.advanceTo(this.#now + milliseconds);
  }

  #next(target: number): [number, { due: number; run: () => void }] | undefined {
    let first: [number, { due: number; run: () => void }] | undefined;
    for (const entry of this.#timers) {
      if (entry[1].due <= target && (first === undefined || entry[1].due < first[1].due)) first = entry;
    }
    return first;
  }
}

/** Lets every promise that can settle without a timer do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
