// What the managers know, and who is told of a change: each change is told to all when the turn that made it is done, and the
// scheduler looks when nobody has anything left to say.
import type { Clock, Timer } from "../../clock.ts";
import type { ImageBehaviour } from "../images.ts";
import type { SimulatedTimings } from "../timings.ts";
import type { Random } from "./random.ts";
import type { SimulatedService, UpdateStatus } from "./service.ts";
import { type DesiredState, Task, type TaskState } from "./task.ts";

export interface SwarmNode {
  readonly id: string;
  readonly instanceId: string;
  readonly address: string;
  /** What it is to be; the vote follows. */
  role: "manager" | "worker";
  /** It is one of the managers: a demotion takes a while to arrive at that, and a promotion too. */
  vote: boolean;
  readonly cpus: number;
  availability: "active" | "drain";
  labels: Readonly<Record<string, string>>;
  state: "ready" | "down";
  /** Grows with each write; a write names the version that it read (docs/facts.md, "Docker Swarm"). */
  version: number;
}

/** What the swarm sees of the instances. */
export interface Hosts {
  /** Alive and not frozen. */
  responsive(instanceId: string): boolean;
  /** Resolves when a frozen one has thawed; never, when it is dead. */
  thawed(instanceId: string): Promise<void>;
  /** What of these it lacks, in the engine's words; undefined: nothing. */
  lacks(instanceId: string, image: string, directories: readonly string[]): string | undefined;
  behaviour(task: Task): ImageBehaviour;
  taskRuns(task: Task): void;
  taskStopped(task: Task): void;
}

interface Surroundings {
  clock: Clock;
  timings: SimulatedTimings;
  hosts: Hosts;
  random: Random;
}

export interface Listener {
  task?(task: Task): void;
  /** Its spec or its update status was written. */
  service?(service: SimulatedService): void;
  node?(node: SwarmNode): void;
}

export class Store {
  readonly clock: Clock;
  readonly timings: SimulatedTimings;
  readonly hosts: Hosts;
  readonly random: Random;
  readonly nodes = new Map<string, SwarmNode>();
  readonly services = new Map<string, SimulatedService>();
  /** Every task there ever was. */
  readonly tasks = new Map<string, Task>();
  /** Node → tasks on it that have not ended. */
  readonly onNode = new Map<string, Set<Task>>();
  readonly unassigned = new Set<Task>();
  readonly listeners: Listener[] = [];
  /** Called when all is told; true: there is something new. */
  idle: () => boolean = () => false;
  #queue: (() => void)[] = [];
  #turning = false;
  #index = 10;
  #serial = 0;

  constructor({ clock, timings, hosts, random }: Surroundings) {
    this.clock = clock;
    this.timings = timings;
    this.hosts = hosts;
    this.random = random;
  }

  /** Everything that changes anything goes on in a turn. */
  turn<T>(change: () => T): T {
    if (this.#turning) return change();
    this.#turning = true;
    try {
      const result = change();
      do for (let tell = this.#queue.shift(); tell; tell = this.#queue.shift()) tell();
      while (this.idle() || this.#queue.length > 0);
      return result;
    } finally {
      this.#turning = false;
    }
  }

  after(milliseconds: number, run: () => void): Timer {
    return this.clock.after(milliseconds, () => this.turn(run));
  }

  create(service: SimulatedService, slot: string, desired: DesiredState, nodeId = ""): Task {
    const task = new Task({ id: this.id("task"), service, slot, desired, now: this.clock.now() });
    this.tasks.set(task.id, task);
    service.tasks.add(task);
    this.unassigned.add(task);
    task.nodeId = nodeId;
    this.tellTask(task);
    return task;
  }

  assign(task: Task, node: SwarmNode): void {
    this.unassigned.delete(task);
    task.nodeId = node.id;
    task.instanceId = node.instanceId;
    this.onNode.get(node.id)?.add(task);
    this.status(task, "assigned");
  }

  status(task: Task, state: TaskState, error = "", exitCode?: number): void {
    task.status = { state, at: this.clock.now(), error, exitCode };
    if (task.over) this.onNode.get(task.nodeId)?.delete(task);
    this.tellTask(task);
  }

  desire(task: Task, desired: DesiredState): void {
    task.desired = desired;
    if (!task.runnable) this.unassigned.delete(task);
    // Nothing ever began: there is nothing to wait for.
    if (desired === "remove" && (task.over || task.waiting || task.gone)) this.forget(task);
    this.tellTask(task);
  }

  /** Its container is no more; the managers learn that in their own time. */
  lose(task: Task): void {
    if (task.gone) return;
    const ran = task.status.state === "running";
    task.gone = true;
    this.onNode.get(task.nodeId)?.delete(task);
    if (task.desired === "remove") this.forget(task);
    if (ran) this.hosts.taskStopped(task);
    this.tellTask(task);
  }

  forget(task: Task): void {
    this.unassigned.delete(task);
    task.service.tasks.delete(task);
  }

  /** A write of the updater: it counts, as every write does. */
  updateStatus(service: SimulatedService, status: UpdateStatus | undefined): void {
    service.updateStatus = status;
    service.version = this.nextIndex();
    this.tellService(service);
  }

  nextIndex(): number {
    return ++this.#index;
  }

  id(kind: string): string {
    return `${kind}${(this.#serial++).toString(36).padStart(25 - kind.length, "0")}`;
  }

  tellTask(task: Task): void {
    this.#tell((listener) => listener.task?.(task));
  }

  tellService(service: SimulatedService): void {
    this.#tell((listener) => listener.service?.(service));
  }

  tellNode(node: SwarmNode): void {
    this.#tell((listener) => listener.node?.(node));
  }

  #tell(say: (listener: Listener) => void): void {
    this.#queue.push(() => this.listeners.forEach(say));
  }
}
