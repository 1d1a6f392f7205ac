// One rolling update of a service, as swarmkit's updater does it (docs/facts.md, "Docker Swarm"). What matters for a roll:
// it waits for RUNNING without a limit of time, a task that waits for a node is no failure, the order of slots is chance, and
// the first failure of a task of its own within the monitor period pauses it. What already runs then goes on running.
import type { Restarts } from "./restarts.ts";
import { DEFAULT_UPDATE, type ServiceSpec, type SimulatedService, type UpdateConfig } from "./service.ts";
import type { Store } from "./store.ts";
import { isDirty, type Task } from "./task.ts";

type Slot = readonly Task[];

export class Updater {
  /** What it works towards. */
  readonly spec: ServiceSpec;
  /** It has nothing to do any more. */
  ended = false;
  readonly #store: Store;
  readonly #restarts: Restarts;
  readonly #service: SimulatedService;
  readonly #config: UpdateConfig;
  readonly #rollingBack: boolean;
  /** Tasks that this update made → when they came to run; undefined: not yet. */
  readonly #made = new Map<Task, number | undefined>();
  readonly #failed = new Set<Task>();
  /** Tasks that are waited for until they run → what to do then. */
  readonly #awaited = new Map<Task, () => void>();
  #queue: Slot[] = [];
  #dirty = 0;
  #workers = 0;
  /** Cancelled, paused or rolled back: nothing further is begun. */
  #stopped = false;

  constructor(store: Store, restarts: Restarts, service: SimulatedService) {
    this.#store = store;
    this.#restarts = restarts;
    this.#service = service;
    this.spec = service.spec;
    this.#rollingBack = service.updateStatus?.state === "rollback_started";
    this.#config = this.#rollingBack ? DEFAULT_UPDATE : (service.spec.update ?? DEFAULT_UPDATE);
  }

  /** @param slots in the order in which they are to be updated. */
  run(slots: readonly Slot[]): void {
    const { updateStatus } = this.#service;
    const isPaused = updateStatus?.state === "paused" || updateStatus?.state === "rollback_paused";
    this.#queue = isPaused ? [] : slots.filter((slot) => slot.length > 1 || slot.some(isDirty));
    this.#dirty = this.#queue.length;
    if (this.#dirty === 0) {
      if (updateStatus?.state === "updating" || this.#rollingBack) this.#complete();
      this.#end();
      return;
    }
    if (updateStatus === undefined)
      this.#store.updateStatus(this.#service, {
        state: "updating",
        message: "update in progress",
        startedAt: this.#store.clock.now(),
      });
    this.#workers = this.#config.parallelism || this.#dirty;
    this.#work();
  }

  cancel(): void {
    this.#stopped = true;
    this.#end();
  }

  task(task: Task): void {
    if (this.ended) return;
    const failed = task.over && this.#made.has(task);
    // Both are told of a failure, whoever is to pause and whoever hands out the next slot; a delay settles which is first.
    const overtaken = failed && this.#config.delaySeconds === 0 && this.#store.random.next() < 1 / 3;
    if (failed && !overtaken) this.#fails(task);
    this.#reached(task);
    if (overtaken) this.#fails(task);
  }

  #reached(task: Task): void {
    const awaited = this.#awaited.get(task);
    if (!awaited || (task.status.state !== "running" && !task.over)) return;
    this.#awaited.delete(task);
    this.#made.set(task, this.#store.clock.now());
    awaited();
  }

  #work(): void {
    while (!this.#stopped && this.#workers > 0 && this.#queue.length > 0) {
      const slot = this.#queue.shift() ?? [];
      this.#workers--;
      this.#update(slot, () => {
        if (this.#config.delaySeconds > 0)
          this.#store.after(this.#config.delaySeconds * 1000, () => this.#freed());
        else this.#freed();
      });
    }
  }

  #freed(): void {
    this.#workers++;
    this.#work();
    if (this.ended || !this.#isIdle()) return;
    if (this.#stopped) this.#end();
    // It is watched for one more monitor period after the last.
    else
      this.#store.after(this.#config.monitorSeconds * 1000, () => {
        if (this.#stopped || this.ended) return;
        this.#complete();
        this.#end();
      });
  }

  #isIdle(): boolean {
    return this.#workers === (this.#config.parallelism || this.#dirty);
  }

  #update(slot: Slot, done: () => void): void {
    const clean = slot.filter((task) => !isDirty(task));
    const kept =
      clean.find(({ desired }) => desired === "running") ?? clean.find(({ desired }) => desired === "ready");
    const startFirst = this.#config.order === "start-first";
    if (kept) this.#keep(kept, slot, done);
    else if (startFirst || slot.some(({ runnable }) => runnable)) this.#replace(slot, startFirst, done);
    // Shut down before it was reached: whoever did that has seen to a successor.
    else done();
  }

  #replace(slot: Slot, startFirst: boolean, done: () => void): void {
    const [first] = slot;
    if (!first) throw new Error("a slot without a task cannot be updated");
    const fresh = this.#store.create(
      this.#service,
      first.slot,
      "ready",
      this.spec.mode === "global" ? first.nodeId : "",
    );
    this.#made.set(fresh, undefined);
    if (startFirst) {
      this.#awaited.set(fresh, () => {
        if (fresh.status.state === "running") this.#remove(slot);
        done();
      });
      this.#restarts.delayStart(undefined, fresh, 0, false);
    } else {
      this.#awaited.set(fresh, done);
      this.#restarts.delayStart(this.#remove(slot), fresh, 0, true);
    }
  }

  /** There is a task of the new spec in the slot: the others go. */
  #keep(kept: Task, slot: Slot, done: () => void): void {
    const removed = this.#remove(slot.filter((task) => task !== kept));
    if (kept.desired === "running") done();
    else this.#restarts.delayStart(removed, kept, 0, true, done);
  }

  #remove(tasks: Slot): Task | undefined {
    let removed: Task | undefined;
    for (const task of tasks)
      if (task.runnable) {
        this.#store.desire(task, "shutdown");
        removed = task;
      }
    return removed;
  }

  #fails(task: Task): void {
    if (this.#config.failureAction === "continue" || this.#stopped || this.#failed.has(task)) return;
    const since = this.#made.get(task);
    if (since !== undefined && this.#store.clock.now() - since > this.#config.monitorSeconds * 1000) return;
    this.#failed.add(task);
    if (this.#failed.size / this.#dirty <= this.#config.maxFailureRatio) return;
    this.#stopped = true;
    const cause = `due to failure or early termination of task ${task.id}`;
    if (this.#rollingBack) this.#write("rollback_paused", `rollback paused ${cause}`);
    else if (this.#config.failureAction === "pause") this.#write("paused", `update paused ${cause}`);
    else this.#rollBack(`update rolled back ${cause}`);
    if (this.#isIdle()) this.#end();
  }

  /** What came before the *last* update is gone back to, whatever that update was. */
  #rollBack(message: string): void {
    const { previous } = this.#service;
    if (this.#service.updateStatus === undefined || previous === undefined) return;
    Object.assign(this.#service, previous, { previous: undefined });
    this.#write("rollback_started", message);
  }

  #complete(): void {
    if (this.#rollingBack) this.#write("rollback_completed", "rollback completed");
    else this.#write("completed", "update completed");
  }

  /** A status that was reset meanwhile belongs to another update. */
  #write(
    state: "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed",
    message: string,
  ): void {
    const { updateStatus } = this.#service;
    if (updateStatus) this.#store.updateStatus(this.#service, { ...updateStatus, state, message });
  }

  #end(): void {
    this.ended = true;
    this.#awaited.clear();
  }
}
