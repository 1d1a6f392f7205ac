// Every change of every instance's state, in order: for the timeline, the reports, and reads that are stale.
import type { LifecycleState } from "@aws-sdk/client-auto-scaling";
import type { Clock } from "../../clock.ts";
import type { ManagedInstance } from "./group.ts";
import type { StateChange } from "./types.ts";

export class Journal {
  readonly #clock: Clock;
  readonly #changes: StateChange[] = [];
  readonly #byInstance = new Map<string, { instance: ManagedInstance; changes: StateChange[] }>();
  readonly #listeners = new Set<(change: StateChange) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Moves an instance to a state. A state that it has already is no change. */
  move(instance: ManagedInstance, to: LifecycleState, cause: string): void {
    if (instance.state === to) return;
    const change: StateChange = {
      instanceId: instance.instanceId,
      group: instance.group.config.name,
      from: instance.state,
      to,
      at: this.#clock.now(),
      cause,
    };
    instance.state = to;
    this.#changes.push(change);
    const own = this.#byInstance.get(instance.instanceId) ?? { instance, changes: [] };
    own.instance = instance;
    own.changes.push(change);
    this.#byInstance.set(instance.instanceId, own);
    for (const listener of this.#listeners) listener(change);
  }

  changes(): readonly StateChange[] {
    return this.#changes;
  }

  onChange(listener: (change: StateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The instances that were in a group at that time, each with the state it had then. */
  at(time: number): { instance: ManagedInstance; state: LifecycleState }[] {
    const then = [];
    for (const { instance, changes } of this.#byInstance.values()) {
      const last = changes.findLast((change) => change.at <= time);
      if (last && last.to !== "Terminated" && last.to !== "Detached") then.push({ instance, state: last.to });
    }
    return then;
  }
}
