// A swarm in memory: nodes and services with versions (compare-and-swap), and what swarmkit makes of them.
import type { Clock } from "../clock.ts";
import { Agents } from "./swarmkit/agent.ts";
import { Managers, type Refusal } from "./swarmkit/managers.ts";
import { Observations } from "./swarmkit/observations.ts";
import { Orchestrator } from "./swarmkit/orchestrator.ts";
import { Random } from "./swarmkit/random.ts";
import { schedule } from "./swarmkit/scheduler.ts";
import {
  type Service,
  type ServiceSpec,
  type SimulatedService,
  serviceId,
  specOf,
} from "./swarmkit/service.ts";
import { type Hosts, Store, type SwarmNode } from "./swarmkit/store.ts";
import type { Task } from "./swarmkit/task.ts";
import type { SimulatedTimings } from "./timings.ts";

export type { Service } from "./swarmkit/service.ts";
export type { SwarmNode } from "./swarmkit/store.ts";
export type { Task } from "./swarmkit/task.ts";

/** A write to a node that was accepted. */
export interface NodeWrite {
  at: number;
  nodeId: string;
  instanceId: string;
  availability: "active" | "drain";
  /** It carries the mark of a retirement. */
  retiring: boolean;
}

export type UpdateAnswer = "updated" | "out of sequence" | "not found";

/** What a write to a node says of it; a role that it does not name stays. */
export type NodeSpec = Pick<SwarmNode, "availability" | "labels"> & Partial<Pick<SwarmNode, "role">>;

export class SimulatedSwarm {
  /** Every write to a node, in order. */
  readonly writes: NodeWrite[] = [];
  readonly observations: Observations;
  workerToken = "SWMTKN-1-simulated-worker";
  managerToken = "SWMTKN-1-simulated-manager";
  /** Who initialised it, in order: of a swarm that is one, a single instance. */
  readonly inits: string[] = [];
  #rotations = 0;
  /** The managers' keys are locked with one that only people have. */
  autolock = false;
  readonly #store: Store;
  readonly #managers: Managers;
  readonly #nodesOfInstance = new Map<string, Set<string>>();

  /** @param seed of everything that swarmkit leaves to chance. */
  constructor(clock: Clock, timings: SimulatedTimings, hosts: Hosts, seed = 1) {
    this.#store = new Store({ clock, timings, hosts, random: new Random(seed) });
    this.#managers = new Managers(this.#store);
    this.observations = new Observations(this.#store);
    this.#store.idle = () => schedule(this.#store);
    this.#store.listeners.push(this.observations, new Agents(this.#store), new Orchestrator(this.#store));
  }

  get nodes(): ReadonlyMap<string, SwarmNode> {
    return this.#store.nodes;
  }

  get services(): ReadonlyMap<string, SimulatedService> {
    return this.#store.services;
  }

  /** Every task there ever was. */
  get tasks(): ReadonlyMap<string, Task> {
    return this.#store.tasks;
  }

  /** While a majority of the managers answers, and no election lasts: the first of them. */
  leader(): SwarmNode | undefined {
    return this.#managers.leader();
  }

  /** Managers are up and answer, but an election lasts: none of them leads. */
  get electing(): boolean {
    return this.#managers.electing;
  }

  set electing(electing: boolean) {
    this.#managers.electing = electing;
  }

  /** Its host is alive, and does not hang. */
  answers({ instanceId }: SwarmNode): boolean {
    return this.#store.hosts.responsive(instanceId);
  }

  /** Its host has control of the swarm. */
  isManager(nodeId: string | undefined): boolean {
    return nodeId !== undefined && this.nodes.get(nodeId)?.vote === true;
  }

  /** `docker swarm init`. Another one would be another swarm: the tests look at `inits`. */
  init(instance: { instanceId: string; address: string }): SwarmNode {
    this.inits.push(instance.instanceId);
    return this.admit({ ...instance, role: "manager", availability: "drain" });
  }

  /** `docker swarm join-token --rotate`, of both. */
  rotateTokens(): void {
    this.#rotations += 1;
    this.workerToken = `SWMTKN-1-simulated-worker-${this.#rotations}`;
    this.managerToken = `SWMTKN-1-simulated-manager-${this.#rotations}`;
  }

  /** True for the address of a manager that can let a node in right now. */
  letsIn(address: string): boolean {
    for (const node of this.nodes.values()) {
      if (node.vote && node.address === address) return this.answers(node) && this.leader() !== undefined;
    }
    return false;
  }

  admit(
    node: Pick<SwarmNode, "instanceId" | "address" | "role" | "availability"> &
      Partial<Pick<SwarmNode, "labels" | "cpus">>,
  ): SwarmNode {
    const store = this.#store;
    const admitted: SwarmNode = {
      labels: {},
      cpus: 2,
      ...node,
      id: store.id("node"),
      state: "ready",
      vote: node.role === "manager",
      version: 1,
    };
    const same = this.#nodesOfInstance.get(node.instanceId);
    if (same) same.add(admitted.id);
    else this.#nodesOfInstance.set(node.instanceId, new Set([admitted.id]));
    store.turn(() => {
      store.nodes.set(admitted.id, admitted);
      store.onNode.set(admitted.id, new Set());
      store.tellNode(admitted);
    });
    return admitted;
  }

  /** Every node that joined from this instance and was not removed, labelled or not. */
  nodesOfInstance(instanceId: string): SwarmNode[] {
    return [...(this.#nodesOfInstance.get(instanceId) ?? [])].flatMap((id) => this.nodes.get(id) ?? []);
  }

  updateNode(id: string, version: number, spec: NodeSpec): UpdateAnswer | Refusal {
    const node = this.nodes.get(id);
    if (node === undefined) return "not found";
    if (node.version !== version) return "out of sequence";
    const refused = this.#managers.refusal(node, spec.role ?? node.role);
    if (refused !== undefined) return refused;
    this.writes.push({
      at: this.#store.clock.now(),
      nodeId: id,
      instanceId: node.instanceId,
      availability: spec.availability,
      retiring: "hive.retiring" in spec.labels,
    });
    this.#store.turn(() => {
      Object.assign(node, spec, { version: version + 1 });
      this.#store.tellNode(node);
    });
    this.#managers.reconcile(node);
    return "updated";
  }

  remove(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    this.#store.turn(() => {
      this.#store.nodes.delete(id);
      this.#nodesOfInstance.get(node.instanceId)?.delete(id);
      if (!this.#store.hosts.responsive(node.instanceId)) this.#loseTasks(id);
      this.#store.tellNode(node);
    });
  }

  /** The host has left: its containers are gone at once, the managers see it Down only later (facts D8, D9). */
  left(id: string): void {
    this.#store.turn(() => this.#loseTasks(id));
    this.#store.after(this.#store.timings.nodeDownMs, () => this.#down(id));
  }

  /** The machine is dead. */
  died(instanceId: string): void {
    for (const { id } of this.nodesOfInstance(instanceId))
      this.#store.after(this.#store.timings.nodeDownMs, () => this.#down(id));
  }

  /** Starting, running and stopping ones. */
  tasksOf(nodeId: string): Task[] {
    return [...(this.#store.onNode.get(nodeId) ?? [])];
  }

  /** @param name or the engine's id. @throws Error when there is none. */
  service(name: string): SimulatedService {
    const found = this.services.get(name) ?? this.services.get(serviceId(name));
    if (found) return found;
    const there = [...this.services.values()].map(({ spec }) => spec.name).join(", ");
    throw new Error(`There is no service ${name}; there are: ${there}.`);
  }

  /** What a stack's deployment does: all of a service is as the file says, whatever others wrote to it (facts D15). */
  deploy(service: Service): SimulatedService {
    const [id, spec] = [serviceId(service.id), specOf(service)];
    const there = this.services.get(id);
    if (there) {
      this.change(id, "person deploy", () => spec);
      return there;
    }
    const created: SimulatedService = {
      id,
      spec,
      specVersion: 0,
      previous: undefined,
      version: this.#store.nextIndex(),
      updateStatus: undefined,
      tasks: new Set(),
    };
    this.#store.turn(() => {
      this.#store.services.set(id, created);
      this.#store.tellService(created);
    });
    return created;
  }

  /** `docker service rm`. */
  undeploy(name: string): void {
    const service = this.service(name);
    this.#store.turn(() => {
      this.#store.services.delete(service.id);
      for (const task of [...service.tasks]) this.#store.desire(task, "remove");
    });
  }

  /** `POST /services/ID/update?version=V`. @param by see ServiceWrite. */
  updateService(id: string, version: number, spec: ServiceSpec, by: string): UpdateAnswer {
    const service = this.services.get(id);
    if (service === undefined) return "not found";
    if (service.version !== version) return "out of sequence";
    this.observations.wrote(by, service.spec, spec);
    this.#store.turn(() => {
      service.previous = { spec: service.spec, specVersion: service.specVersion };
      service.specVersion = version;
      service.spec = spec;
      service.updateStatus = undefined;
      service.version = this.#store.nextIndex();
      this.#store.tellService(service);
    });
    return "updated";
  }

  /** `docker service update`, which reads the spec again itself: the last writer wins (facts D6). */
  change(name: string, by: string, change: (spec: ServiceSpec) => ServiceSpec): void {
    const { id, version, spec } = this.service(name);
    this.updateService(id, version, change(spec), by);
  }

  /** `docker service scale`. */
  scale(name: string, replicas: number): void {
    this.change(name, "person scale", (spec) => ({ ...spec, replicas }));
  }

  /** `docker service update --label-add`. */
  label(name: string, labels: Readonly<Record<string, string>>): void {
    this.change(name, "person label", (spec) => ({ ...spec, labels: { ...spec.labels, ...labels } }));
  }

  /** `docker service update --image`. */
  setImage(name: string, image: string): void {
    this.change(name, "person image", (spec) => ({ ...spec, template: { ...spec.template, image } }));
  }

  #loseTasks(nodeId: string): void {
    for (const task of this.tasksOf(nodeId)) this.#store.lose(task);
  }

  #down(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    node.state = "down";
    this.#loseTasks(id);
    this.#store.tellNode(node);
  }
}
