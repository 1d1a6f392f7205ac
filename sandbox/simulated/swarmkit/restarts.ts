// The restart supervisor, as swarmkit's: a task that is over gets a successor in its slot, which may start when the restart
// delay has passed and the task before it has stopped.
import type { Timer } from "../../clock.ts";
import type { Listener, Store, SwarmNode } from "./store.ts";
import type { Task } from "./task.ts";

/** A predecessor that has not stopped by then is waited for no longer. */
const OLD_TASK_TIMEOUT_MS = 60_000;

interface Delay {
  /** Task that has to stop first; undefined: none, or it has. */
  waitsFor: Task | undefined;
  delayPassed: boolean;
  timers: Timer[];
  /** Called when it is over, however it ended. */
  done: (() => void)[];
  /** The successor ended before it was started: it is restarted once the delay is over. */
  restarts: boolean;
}

export class Restarts implements Listener {
  readonly #store: Store;
  readonly #delays = new Map<Task, Delay>();

  constructor(store: Store) {
    this.#store = store;
  }

  restart(task: Task): void {
    const delay = this.#delays.get(task);
    if (delay) {
      delay.restarts = true;
      return;
    }
    if (!task.runnable) return;
    this.#store.desire(task, "shutdown");
    const global = task.service.spec.mode === "global";
    const successor = this.#store.create(task.service, task.slot, "ready", global ? task.nodeId : "");
    const node = this.#store.nodes.get(task.nodeId);
    const delayMs = node?.availability === "drain" ? 0 : task.template.restartDelayMs;
    this.delayStart(task, successor, delayMs, node?.state !== "down");
  }

  /** The successor's desired state becomes `running` after that delay, and after `old` has stopped. */
  delayStart(
    old: Task | undefined,
    successor: Task,
    delayMs: number,
    waitStop: boolean,
    done?: () => void,
  ): void {
    const former = this.#delays.get(successor);
    if (former) this.#end(successor, former);
    const delay: Delay = {
      waitsFor: waitStop && old && !old.over ? old : undefined,
      delayPassed: delayMs === 0,
      timers: [],
      done: done ? [done] : [],
      restarts: false,
    };
    this.#delays.set(successor, delay);
    if (!delay.delayPassed)
      delay.timers.push(
        this.#store.after(delayMs, () => {
          delay.delayPassed = true;
          this.#look(successor, delay);
        }),
      );
    if (delay.waitsFor)
      delay.timers.push(
        this.#store.after(OLD_TASK_TIMEOUT_MS, () => {
          delay.waitsFor = undefined;
          this.#look(successor, delay);
        }),
      );
    this.#look(successor, delay);
  }

  task(task: Task): void {
    if (task.over) this.#release((old) => old === task);
  }

  node(node: SwarmNode): void {
    if (node.state === "down" || !this.#store.nodes.has(node.id))
      this.#release(({ nodeId }) => nodeId === node.id);
  }

  #release(hasStopped: (task: Task) => boolean): void {
    for (const [successor, delay] of [...this.#delays]) {
      if (!delay.waitsFor || !hasStopped(delay.waitsFor)) continue;
      delay.waitsFor = undefined;
      this.#look(successor, delay);
    }
  }

  #look(successor: Task, delay: Delay): void {
    if (!delay.delayPassed || delay.waitsFor || this.#delays.get(successor) !== delay) return;
    if (successor.desired === "ready") this.#store.desire(successor, "running");
    this.#end(successor, delay);
  }

  #end(successor: Task, delay: Delay): void {
    this.#delays.delete(successor);
    for (const timer of delay.timers) timer.cancel();
    for (const done of delay.done) done();
    if (delay.restarts && successor.runnable) this.restart(successor);
  }
}
