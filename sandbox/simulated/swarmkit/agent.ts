// What hosts do with the tasks that they are given: look for image and directories, start, stop, report. One that is frozen
// does nothing until it thaws, a dead one never.
import { lifeOf } from "../images.ts";
import type { Listener, Store } from "./store.ts";
import type { Task } from "./task.ts";

/** Until image and mounts were looked at. */
const PREPARE_MS = 250;

export class Agents implements Listener {
  readonly #store: Store;
  readonly #stopping = new Set<Task>();

  constructor(store: Store) {
    this.#store = store;
  }

  task(task: Task): void {
    const { state } = task.status;
    if (!task.placed || task.over || task.gone || state === "pending") return;
    if (!task.runnable) this.#stop(task);
    else if (state === "assigned") this.#prepare(task);
    else if (state === "ready" && task.desired === "running") this.#start(task);
  }

  #prepareMs(): number {
    return Math.min(PREPARE_MS, this.#store.timings.taskStartMs / 4);
  }

  #prepare(task: Task): void {
    const { hosts } = this.#store;
    task.status = { ...task.status, state: "preparing" };
    this.#later(task, this.#prepareMs(), () => {
      const lack = hosts.lacks(task.instanceId, task.image, task.template.directories);
      if (lack !== undefined) this.#store.status(task, "rejected", lack);
      else if (task.desired === "running") this.#start(task);
      else this.#store.status(task, "ready");
    });
  }

  #start(task: Task): void {
    this.#store.status(task, "starting");
    const behaviour = this.#store.hosts.behaviour(task);
    if ("lines" in behaviour) task.lines = behaviour.lines ?? "";
    task.unhealthy = behaviour.kind === "unhealthy";
    const { runsAfterMs, ends } = lifeOf(behaviour, this.#store.timings.taskStartMs - this.#prepareMs());
    if (runsAfterMs !== undefined) this.#later(task, runsAfterMs, () => this.#run(task));
    if (ends) this.#later(task, ends.afterMs, () => this.#end(task, ends.state, ends.error, ends.exitCode));
  }

  #run(task: Task): void {
    this.#store.status(task, "running");
    this.#store.hosts.taskRuns(task);
  }

  #stop(task: Task): void {
    if (this.#stopping.has(task)) return;
    this.#stopping.add(task);
    const container = task.status.state === "running" || task.status.state === "starting";
    this.#after(task, container ? this.#store.timings.taskStopMs : 0, () => {
      this.#stopping.delete(task);
      if (!task.over) this.#end(task, "shutdown", "", undefined);
    });
  }

  #end(task: Task, state: "complete" | "failed" | "shutdown", error: string, code: number | undefined): void {
    const ran = task.status.state === "running" && !task.gone;
    this.#store.status(task, state, error, code);
    if (ran) this.#store.hosts.taskStopped(task);
    if (task.desired === "remove") this.#store.forget(task);
  }

  /** Unless it is to stop by then. */
  #later(task: Task, milliseconds: number, run: () => void): void {
    this.#after(task, milliseconds, () => {
      if (!this.#stopping.has(task) && !task.over) run();
    });
  }

  /** So much later, and not before its host does anything. */
  #after(task: Task, milliseconds: number, run: () => void): void {
    const { hosts } = this.#store;
    const { instanceId } = task;
    this.#store.after(milliseconds, () => {
      if (task.gone) return;
      if (hosts.responsive(instanceId)) run();
      else void hosts.thawed(instanceId).then(() => task.gone || this.#store.turn(run));
    });
  }
}
