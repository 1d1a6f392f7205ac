// What happened to the services, for tests that ask afterwards: who wrote what, which states an update had, and how many tasks
// ran at any time.
import type { ServiceSpec, SimulatedService, UpdateStatus } from "./service.ts";
import type { Listener, Store } from "./store.ts";
import type { Task } from "./task.ts";

/** Of a service's spec, what a write to it may change. */
export type Written = Pick<ServiceSpec, "replicas" | "labels"> & { image: string };

export interface ServiceWrite {
  at: number;
  service: string;
  /** Who, and what for: `<roll> begin`, `person scale`. */
  by: string;
  before: Written;
  after: Written;
}

interface Count {
  at: number;
  running: number;
}

const MARKER = "hive.roll.id";

export class Observations implements Listener {
  /** Every write to a spec, in order. */
  readonly writes: ServiceWrite[] = [];
  /** Every state that an update came to. */
  readonly updates: { at: number; service: string; state: UpdateStatus["state"]; message: string }[] = [];
  readonly #store: Store;
  readonly #counts = new Map<string, Count[]>();
  readonly #seen = new Map<SimulatedService, UpdateStatus | undefined>();

  constructor(store: Store) {
    this.#store = store;
  }

  wrote(by: string, before: ServiceSpec, after: ServiceSpec): void {
    this.writes.push({
      at: this.#store.clock.now(),
      service: after.name,
      by,
      before: written(before),
      after: written(after),
    });
  }

  service(service: SimulatedService): void {
    const { updateStatus } = service;
    if (updateStatus && updateStatus !== this.#seen.get(service)) {
      const { state, message } = updateStatus;
      this.updates.push({ at: this.#store.clock.now(), service: service.spec.name, state, message });
    }
    this.#seen.set(service, updateStatus);
  }

  task({ service }: Task): void {
    const counts = this.#counts.get(service.spec.name) ?? [];
    this.#counts.set(service.spec.name, counts);
    let running = 0;
    for (const task of service.tasks) if (task.state === "running") running++;
    if (counts.at(-1)?.running !== running) counts.push({ at: this.#store.clock.now(), running });
  }

  /** The fewest tasks that ran at any time between the two (milliseconds since the epoch); those about to stop do not count. */
  minimumRunning(service: string, from: number, until: number = Number.POSITIVE_INFINITY): number {
    const counts = this.#counts.get(service) ?? [];
    const before = counts.findLast(({ at }) => at <= from)?.running ?? 0;
    const within = counts.filter(({ at }) => at > from && at <= until).map(({ running }) => running);
    return Math.min(before, ...within);
  }

  /** Writes by others than the roll whose marker stood; a roll that takes another's marker over is none. */
  strangers(): ServiceWrite[] {
    return this.writes.filter(({ by, before }) => {
      const roll = before.labels[MARKER];
      return roll !== undefined && !by.startsWith(`${roll} `) && !by.endsWith(" begin");
    });
  }
}

const written = ({ replicas, labels, template }: ServiceSpec): Written => ({
  replicas,
  labels,
  image: template.image,
});
