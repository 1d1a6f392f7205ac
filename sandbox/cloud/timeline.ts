// Everything worth telling that happens in the cloud, in order: kept, written to a file, and told to listeners.
import { appendFileSync } from "node:fs";

export type TimelineKind =
  | "phase"
  | "lifecycle"
  | "flow"
  | "step"
  | "swarm"
  | "balancer"
  | "fault"
  | "trouble";

export interface TimelineEntry {
  /** Milliseconds since the epoch. */
  at: number;
  kind: TimelineKind;
  instanceId?: string;
  /** Short: it is one line of a terminal. */
  text: string;
  /** Why, in AWS's own words. */
  cause?: string;
  /** How long it took, for what has a beginning and an end. */
  seconds?: number;
}

export class Timeline {
  readonly #entries: TimelineEntry[] = [];
  readonly #listeners = new Set<(entry: TimelineEntry) => void>();
  /** Where it is kept. */
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  add(entry: Omit<TimelineEntry, "at"> & { at?: number }): void {
    const complete: TimelineEntry = { at: Date.now(), ...entry };
    this.#entries.push(complete);
    appendFileSync(this.file, `${JSON.stringify(complete)}\n`);
    for (const listener of this.#listeners) listener(complete);
  }

  /** Tells everything from the `from`-th entry on, past and future, until the function answered is called. */
  follow(from: number, listener: (entry: TimelineEntry) => void): () => void {
    for (const entry of this.#entries.slice(from)) listener(entry);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
