// A proxy without connections of its own, for the load balancer model: an instance is healthy while a task runs on it.
import type { Proxy as LoadBalancerProxy } from "../ports.ts";
import type { SimulatedMachines } from "./machines.ts";

export class SimulatedProxy implements LoadBalancerProxy {
  readonly members = new Set<string>();
  /** Open connections; those of an instance that is not named here end at once. */
  readonly open = new Map<string, number>();
  readonly #machines: SimulatedMachines;

  constructor(machines: SimulatedMachines) {
    this.#machines = machines;
  }

  async add(instanceId: string): Promise<void> {
    this.members.add(instanceId);
  }

  async drain(instanceId: string): Promise<void> {
    this.members.delete(instanceId);
  }

  async connections(instanceId: string): Promise<number> {
    return this.#machines.alive(instanceId) ? (this.open.get(instanceId) ?? 0) : 0;
  }

  async remove(instanceId: string): Promise<void> {
    this.members.delete(instanceId);
  }

  async health(instanceId: string): Promise<"up" | "down" | "unknown"> {
    const nodes = this.#machines.swarm.nodesOfInstance(instanceId);
    const serves = nodes.some(({ id }) =>
      this.#machines.swarm.tasksOf(id).some(({ state }) => state === "running"),
    );
    return serves && this.#machines.alive(instanceId) ? "up" : "down";
  }
}
