// A swarm in memory: nodes with versions (compare-and-swap), services, and a scheduler that fills active nodes.
import type { Clock } from "../clock.ts";
import type { SimulatedTimings } from "./timings.ts";

export interface SwarmNode {
  readonly id: string;
  readonly instanceId: string;
  readonly address: string;
  readonly role: "manager" | "worker";
  availability: "active" | "drain";
  labels: Readonly<Record<string, string>>;
  state: "ready" | "down";
  /** Grows with each write; a write names the version that it read (facts D6). */
  version: number;
}

export interface Service {
  readonly id: string;
  /** With its digest. */
  image: string;
  /** Sources of its bind mounts. */
  directories: readonly string[];
  replicas: number;
  /** Constrained to `node.role==manager`. */
  managersOnly?: boolean;
  /** 1 stands for a port that is published with mode=host (facts D16). */
  tasksPerNode?: number;
}

export interface Task {
  readonly id: string;
  readonly service: Service;
  readonly image: string;
  readonly nodeId: string;
  readonly instanceId: string;
  /** `rejected`: the host does not hold the image or a directory, and no task may fetch it (facts D7, D14). */
  state: "starting" | "running" | "stopping" | "stopped" | "rejected";
}

/** What the swarm sees of the instances. */
export interface Hosts {
  /** Alive and not frozen. */
  responsive(instanceId: string): boolean;
  holds(instanceId: string, image: string, directories: readonly string[]): boolean;
  taskRuns(task: Task): void;
  taskStopped(task: Task): void;
}

/** A write to a node that was accepted. */
export interface NodeWrite {
  at: number;
  nodeId: string;
  instanceId: string;
  availability: "active" | "drain";
  /** It carries the mark of a retirement. */
  retiring: boolean;
}

export type NodeUpdate = "updated" | "out of sequence" | "not found";

export class SimulatedSwarm {
  readonly nodes = new Map<string, SwarmNode>();
  readonly services = new Map<string, Service>();
  /** Every task there ever was. */
  readonly tasks = new Map<string, Task>();
  /** Every write to a node, in order. */
  readonly writes: NodeWrite[] = [];
  workerToken = "SWMTKN-1-simulated-worker";
  /** Managers are up and answer, but an election lasts: none of them leads. */
  electing = false;
  readonly #clock: Clock;
  readonly #timings: SimulatedTimings;
  readonly #hosts: Hosts;
  readonly #nodesOfInstance = new Map<string, Set<string>>();
  readonly #tasksOfNode = new Map<string, Set<Task>>();
  #serial = 0;

  constructor(clock: Clock, timings: SimulatedTimings, hosts: Hosts) {
    this.#clock = clock;
    this.#timings = timings;
    this.#hosts = hosts;
  }

  /** A majority of the managers answers, and one of them leads. */
  hasLeader(): boolean {
    if (this.electing) return false;
    const managers = [...this.nodes.values()].filter(({ role }) => role === "manager");
    const reachable = managers.filter(({ instanceId }) => this.#hosts.responsive(instanceId));
    return reachable.length * 2 > managers.length;
  }

  /** True for the address of a manager that can let a node in right now. */
  letsIn(address: string): boolean {
    for (const node of this.nodes.values()) {
      if (node.role === "manager" && node.address === address)
        return this.#hosts.responsive(node.instanceId) && this.hasLeader();
    }
    return false;
  }

  admit(node: Pick<SwarmNode, "instanceId" | "address" | "role" | "availability">): SwarmNode {
    const admitted: SwarmNode = { ...node, id: this.#id("node"), labels: {}, state: "ready", version: 1 };
    this.nodes.set(admitted.id, admitted);
    this.#tasksOfNode.set(admitted.id, new Set());
    const same = this.#nodesOfInstance.get(node.instanceId);
    if (same) same.add(admitted.id);
    else this.#nodesOfInstance.set(node.instanceId, new Set([admitted.id]));
    this.schedule();
    return admitted;
  }

  /** Every node that joined from this instance and was not removed, labelled or not. */
  nodesOfInstance(instanceId: string): SwarmNode[] {
    return [...(this.#nodesOfInstance.get(instanceId) ?? [])].flatMap((id) => this.nodes.get(id) ?? []);
  }

  updateNode(id: string, version: number, spec: Pick<SwarmNode, "availability" | "labels">): NodeUpdate {
    const node = this.nodes.get(id);
    if (node === undefined) return "not found";
    if (node.version !== version) return "out of sequence";
    Object.assign(node, spec, { version: version + 1 });
    this.writes.push({
      at: this.#clock.now(),
      nodeId: id,
      instanceId: node.instanceId,
      availability: spec.availability,
      retiring: "hive.retiring" in spec.labels,
    });
    if (spec.availability === "drain") this.#stopTasks(id);
    this.schedule();
    return "updated";
  }

  remove(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    this.#stopTasks(id);
    this.nodes.delete(id);
    this.#nodesOfInstance.get(node.instanceId)?.delete(id);
    this.schedule();
  }

  /** The host has left: its containers are gone at once, the managers see it Down only later (facts D8, D9). */
  left(id: string): void {
    for (const task of this.tasksOf(id)) this.#end(task);
    this.#clock.after(this.#timings.nodeDownMs, () => this.#down(id));
  }

  /** The machine is dead. */
  died(instanceId: string): void {
    for (const { id } of this.nodesOfInstance(instanceId))
      this.#clock.after(this.#timings.nodeDownMs, () => this.#down(id));
  }

  /** Starting, running and stopping ones. */
  tasksOf(nodeId: string): Task[] {
    return [...(this.#tasksOfNode.get(nodeId) ?? [])];
  }

  deploy(service: Service): void {
    this.services.set(service.id, service);
    this.schedule();
  }

  /** `docker service scale`: tasks that are too many are taken away, those that do not run yet first. */
  scale(id: string, replicas: number): void {
    const service = this.services.get(id);
    if (service === undefined) throw new Error(`There is no service ${id}.`);
    service.replicas = replicas;
    const assigned = [...this.#tasksOfNode.values()]
      .flatMap((tasks) => [...tasks])
      .filter((task) => task.service === service && task.state !== "stopping")
      .sort((a, b) => Number(a.state === "running") - Number(b.state === "running"));
    for (const task of assigned.slice(0, Math.max(0, assigned.length - replicas))) this.#stop(task);
    this.schedule();
  }

  /** Hands what is missing to active nodes. */
  schedule(): void {
    const free = [...this.nodes.values()].filter(
      ({ availability, state }) => availability === "active" && state === "ready",
    );
    for (const service of this.services.values()) {
      let missing = service.replicas - this.#assigned(service);
      for (const node of free) {
        if (missing <= 0) break;
        if (service.managersOnly ? node.role !== "manager" : node.role !== "worker") continue;
        const here = this.tasksOf(node.id).filter((task) => task.service === service).length;
        for (let more = (service.tasksPerNode ?? 1) - here; more > 0 && missing > 0; more--, missing--)
          this.#assign(service, node);
      }
    }
  }

  #assigned(service: Service): number {
    let count = 0;
    for (const tasks of this.#tasksOfNode.values())
      for (const task of tasks) if (task.service === service && task.state !== "stopping") count++;
    return count;
  }

  #assign(service: Service, node: SwarmNode): void {
    const { id: nodeId, instanceId } = node;
    const task: Task = {
      id: this.#id("task"),
      service,
      image: service.image,
      nodeId,
      instanceId,
      state: "starting",
    };
    this.tasks.set(task.id, task);
    this.#tasksOfNode.get(nodeId)?.add(task);
    if (!this.#hosts.holds(instanceId, service.image, service.directories)) {
      task.state = "rejected";
      return;
    }
    this.#clock.after(this.#timings.taskStartMs, () => {
      if (task.state !== "starting" || !this.#hosts.responsive(instanceId)) return;
      task.state = "running";
      this.#hosts.taskRuns(task);
    });
  }

  #stopTasks(nodeId: string): void {
    for (const task of this.tasksOf(nodeId)) this.#stop(task);
  }

  #stop(task: Task): void {
    if (task.state === "stopping") return;
    if (task.state !== "running") {
      this.#end(task);
      return;
    }
    task.state = "stopping";
    this.#clock.after(this.#timings.taskStopMs, () => this.#end(task));
  }

  #end(task: Task): void {
    if (task.state === "stopped") return;
    const ran = task.state === "running" || task.state === "stopping";
    task.state = "stopped";
    this.#tasksOfNode.get(task.nodeId)?.delete(task);
    if (ran) this.#hosts.taskStopped(task);
  }

  #down(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    node.state = "down";
    for (const task of this.tasksOf(id)) this.#end(task);
    this.schedule();
  }

  #id(kind: string): string {
    return `${kind}${(this.#serial++).toString(36).padStart(25 - kind.length, "0")}`;
  }
}
