// Keeps as many tasks as each service wants, replaces those that are over, and starts updates: swarmkit's orchestrators.
import { isDeepStrictEqual } from "node:util";
import { Restarts } from "./restarts.ts";
import { isUsable, matches } from "./scheduler.ts";
import { runnableSlots, type SimulatedService } from "./service.ts";
import type { Listener, Store, SwarmNode } from "./store.ts";
import type { Task } from "./task.ts";
import { Updater } from "./updater.ts";

/** Tasks that are kept a slot, the present one included. */
const HISTORY = 5;
/** Go's sort keeps the order of equals only in short lists. */
const STABLE_LENGTH = 12;

export class Orchestrator implements Listener {
  readonly #store: Store;
  readonly #restarts: Restarts;
  readonly #updaters = new Map<SimulatedService, Updater>();

  constructor(store: Store) {
    this.#store = store;
    this.#restarts = new Restarts(store);
  }

  service(service: SimulatedService): void {
    if (!this.#store.services.has(service.id)) return;
    if (service.spec.mode === "global") this.#reconcileGlobal(service);
    else this.#reconcile(service);
  }

  task(task: Task): void {
    this.#restarts.task(task);
    if (task.runnable && (task.over || !this.#valid(task.nodeId))) this.#replace(task);
    this.#updaters.get(task.service)?.task(task);
    this.#reap(task);
  }

  node(node: SwarmNode): void {
    this.#restarts.node(node);
    for (const service of this.#store.services.values()) {
      if (service.spec.mode === "global") this.#reconcileGlobal(service);
      else if (!this.#valid(node.id))
        for (const task of [...service.tasks])
          if (task.nodeId === node.id && task.runnable) this.#restarts.restart(task);
    }
  }

  /** A node that may keep what is on it; none is as good. */
  #valid(nodeId: string): boolean {
    if (nodeId === "") return true;
    const node = this.#store.nodes.get(nodeId);
    return node !== undefined && isUsable(node);
  }

  #replace(task: Task): void {
    if (task.service.spec.mode === "replicated" || this.#valid(task.nodeId)) this.#restarts.restart(task);
    else this.#store.desire(task, "shutdown");
  }

  #reconcile(service: SimulatedService): void {
    const running = runnableSlots(service);
    const wanted = service.spec.replicas;
    const slots = this.#store.random.shuffled(running.values());
    const sorted = slots.length > wanted ? this.#worthiest(slots) : slots;
    this.#update(service, sorted.slice(0, wanted));
    for (const task of [...service.tasks]) if (!running.has(task.slot)) this.#store.desire(task, "remove");
    for (const slot of sorted.slice(wanted)) for (const task of slot) this.#store.desire(task, "remove");
    for (let slot = 1, missing = wanted - slots.length; missing > 0; slot++) {
      if (running.has(String(slot))) continue;
      this.#store.create(service, String(slot), "running");
      missing--;
    }
  }

  /** Those that are kept when there are too many come first: nodes with many copies lose some, whatever their state. */
  #worthiest(slots: Task[][]): Task[][] {
    const isRunning = (slot: Task[]): boolean => slot.some(({ status }) => status.state === "running");
    slots.sort((one, other) => Number(isRunning(other)) - Number(isRunning(one)));
    const copies = new Map<string, number>();
    const indexed = slots.map((slot) => {
      const nodeId = slot.length === 1 ? (slot[0]?.nodeId ?? "") : "";
      const index = nodeId === "" ? Number.POSITIVE_INFINITY : (copies.get(nodeId) ?? 0) + 1;
      copies.set(nodeId, index);
      return { slot, index };
    });
    const order = slots.length > STABLE_LENGTH ? this.#store.random.shuffled(indexed) : indexed;
    return order.sort((one, other) => compare(one.index, other.index)).map(({ slot }) => slot);
  }

  #reconcileGlobal(service: SimulatedService): void {
    const slots = runnableSlots(service);
    const { managersOnly } = service.spec.template;
    const kept: Task[][] = [];
    for (const node of this.#store.nodes.values()) {
      if (!this.#valid(node.id) || !matches(managersOnly, node)) continue;
      const slot = slots.get(node.id);
      if (slot) kept.push(slot);
      else this.#store.create(service, node.id, "running", node.id);
      slots.delete(node.id);
    }
    for (const slot of slots.values()) for (const task of slot) this.#store.desire(task, "shutdown");
    if (kept.length > 0) this.#update(service, this.#store.random.shuffled(kept));
  }

  #update(service: SimulatedService, slots: Task[][]): void {
    const current = this.#updaters.get(service);
    if (current && !current.ended) {
      if (isDeepStrictEqual(current.spec, service.spec)) return;
      current.cancel();
    }
    const updater = new Updater(this.#store, this.#restarts, service);
    this.#updaters.set(service, updater);
    updater.run(slots);
  }

  #reap({ service, slot }: Task): void {
    const tasks = [...service.tasks].filter((task) => task.slot === slot);
    for (const task of tasks.slice(0, Math.max(0, tasks.length - HISTORY)))
      if (task.over || (task.waiting && !task.runnable)) this.#store.forget(task);
  }
}

const compare = (one: number, other: number): number => (one === other ? 0 : one < other ? -1 : 1);
