// The instances of one load balancer: registered, draining until their connections have ended, gone.
import { type Clock, sleep } from "../../clock.ts";
import type { Proxy as LoadBalancerProxy } from "../../ports.ts";

interface Draining {
  deadline: number;
  /** Settles when the instance is out of the proxy, or was registered again. */
  done: Promise<void>;
}

export interface MembershipOptions {
  name: string;
  clock: Clock;
  proxy: LoadBalancerProxy;
  drainPollMs: number;
  /** How long the checks of an instance that never was healthy take to their first verdict. */
  firstVerdictMs: number;
  report: (message: string, error: unknown) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #registered = new Set<string>();
  /** Since when an instance is registered that was not seen healthy yet. */
  readonly #unproven = new Map<string, number>();
  readonly #draining = new Map<string, Draining>();
  /** What the proxy is told about an instance, in order. */
  readonly #told = new Map<string, Promise<void>>();
  /** 0: connection draining is off. */
  drainingTimeoutSeconds: number;

  constructor(options: MembershipOptions, drainingTimeoutSeconds: number) {
    this.#options = options;
    this.drainingTimeoutSeconds = drainingTimeoutSeconds;
  }

  registered(): string[] {
    return [...this.#registered];
  }

  isDraining(instanceId: string): boolean {
    return this.#draining.has(instanceId);
  }

  register(instanceId: string): Promise<void> {
    if (this.#registered.has(instanceId)) return this.#told.get(instanceId) ?? Promise.resolve();
    this.#registered.add(instanceId);
    this.#unproven.set(instanceId, this.#options.clock.now());
    this.#draining.delete(instanceId);
    return this.#tell(instanceId, "add", (proxy) => proxy.add(instanceId));
  }

  /** Resolves when the instance is drained and out of the proxy. */
  deregister(instanceId: string): Promise<void> {
    const underway = this.#draining.get(instanceId);
    if (underway) return underway.done;
    if (!this.#registered.delete(instanceId)) return Promise.resolve();
    const deadline = this.#options.clock.now() + this.drainingTimeoutSeconds * 1000;
    const draining: Draining = { deadline, done: Promise.resolve() };
    this.#draining.set(instanceId, draining);
    draining.done = this.#drain(instanceId, draining);
    return draining.done;
  }

  /** Forgets an instance that exists no more, as the load balancer does with terminated ones. */
  forget(instanceId: string): void {
    if (!this.#registered.delete(instanceId)) return;
    void this.#tell(instanceId, "remove", (proxy) => proxy.remove(instanceId));
  }

  /** As the load balancer sees it: one that just came cannot have failed its checks yet, whatever the proxy assumes. */
  async health(instanceId: string): Promise<"up" | "down" | "unknown"> {
    const { proxy, clock, firstVerdictMs } = this.#options;
    const health = await proxy.health(instanceId);
    if (health === "up") this.#unproven.delete(instanceId);
    if (health !== "down") return health;
    const since = this.#unproven.get(instanceId);
    return since !== undefined && clock.now() - since < firstVerdictMs ? "unknown" : "down";
  }

  async #drain(instanceId: string, draining: Draining): Promise<void> {
    const { clock, proxy, drainPollMs, name, report } = this.#options;
    const current = () => this.#draining.get(instanceId) === draining;
    await this.#tell(instanceId, "drain", () => proxy.drain(instanceId));
    while (current() && clock.now() < draining.deadline) {
      const open = await proxy.connections(instanceId).catch((error: unknown) => {
        report(
          `Load balancer ${name} could not count the connections to ${instanceId}; it asks again`,
          error,
        );
        return undefined;
      });
      if (open === 0) break;
      await sleep(clock, Math.min(drainPollMs, Math.max(1, draining.deadline - clock.now())));
    }
    if (!current()) return;
    await this.#tell(instanceId, "remove", () => proxy.remove(instanceId));
    if (current()) this.#draining.delete(instanceId);
  }

  #tell(instanceId: string, what: string, act: (proxy: LoadBalancerProxy) => Promise<void>): Promise<void> {
    const { proxy, name, report } = this.#options;
    const before = this.#told.get(instanceId) ?? Promise.resolve();
    const told = before
      .then(() => act(proxy))
      .catch((error: unknown) => {
        report(`The proxy of load balancer ${name} refused to ${what} ${instanceId}`, error);
      });
    this.#told.set(instanceId, told);
    return told;
  }
}
