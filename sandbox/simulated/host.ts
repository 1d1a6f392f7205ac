// A simulated instance: power, agent, membership in the swarm, what is on its disk.
import type { Clock } from "../clock.ts";
import { HostLogs } from "./host-logs.ts";
import { ImageStore } from "./images.ts";
import type { SimulatedTimings } from "./timings.ts";

/** What the next instances are like; the faults that an instance can be born with. */
export interface HostTraits {
  agentVersion: string;
  /** undefined: the agent never registers. */
  onlineAfterMs: number | undefined;
  /** From power-on until cloud-init, Docker and filebeat are there. */
  readyAfterMs: number;
  /** What pulling any image answers, as when its role may not; undefined: what the registry says. */
  pullFails?: string;
  /** Pulls never end. */
  pullHangs?: boolean;
}

export class Host {
  readonly instanceId: string;
  readonly group: string;
  readonly role: "manager" | "worker";
  readonly address: string;
  readonly traits: HostTraits;
  readonly startedAt: number;
  readonly images = new ImageStore();
  readonly directories = new Set<string>();
  readonly logs: HostLogs;
  /** The daemon's own view; undefined: inactive. */
  nodeId: string | undefined;
  /** The mark that begin-retire leaves: no join from here on. */
  tombstone = false;
  /** /run/hive-swarm/lock; released when the run that holds it has ended, however it ended. */
  lock: { over: boolean } | undefined;
  /** The metadata service's time of a Spot interruption; empty: none. */
  interruptedAt = "";
  alive = true;
  /** How full the disk is. */
  diskPercent = 20;
  /** Docker answers; false while it is stopped, for a backup say. */
  engineUp = true;
  /** What backups of this host have answered, by their time: they are not made again. */
  readonly backups = new Map<string, object>();
  /** The backup that is under way here. */
  backup: { over: boolean } | undefined;
  readonly #clock: Clock;
  #thawed: Promise<void> | undefined;
  #thaw: (() => void) | undefined;
  readonly #onDeath = new Set<() => void>();

  constructor(
    identity: { instanceId: string; group: string; role: "manager" | "worker"; address: string },
    clock: Clock,
    timings: SimulatedTimings,
    traits: HostTraits,
  ) {
    this.instanceId = identity.instanceId;
    this.group = identity.group;
    this.role = identity.role;
    this.address = identity.address;
    this.traits = traits;
    this.startedAt = clock.now();
    this.#clock = clock;
    this.logs = new HostLogs(clock, timings.shippingLagMs);
  }

  online(): boolean {
    const { onlineAfterMs } = this.traits;
    return this.alive && onlineAfterMs !== undefined && this.#clock.now() >= this.startedAt + onlineAfterMs;
  }

  /** The agent spoke at least once. */
  registered(): boolean {
    const { onlineAfterMs } = this.traits;
    return onlineAfterMs !== undefined && this.#clock.now() >= this.startedAt + onlineAfterMs;
  }

  ready(): boolean {
    return this.#clock.now() >= this.startedAt + this.traits.readyAfterMs;
  }

  responsive(): boolean {
    return this.alive && this.#thawed === undefined && this.engineUp;
  }

  /** Stops docker. Whatever becomes of the script that did it, after so long it is started again. */
  stopEngine(guardMs: number): void {
    this.engineUp = false;
    this.#clock.after(guardMs, () => this.startEngine());
  }

  startEngine(): void {
    this.engineUp = true;
  }

  /** Every process stops where it is; the agent still counts as online for a while. */
  freeze(): void {
    this.#thawed ??= new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    this.#thaw?.();
    this.#thawed = undefined;
    this.#thaw = undefined;
  }

  /** Resolves at once unless the host is frozen. */
  async thawed(): Promise<void> {
    while (this.#thawed !== undefined) await this.#thawed;
  }

  die(): void {
    this.alive = false;
    for (const listener of this.#onDeath) listener();
    this.#onDeath.clear();
  }

  /** @returns a function that takes the listener back. */
  onDeath(listener: () => void): () => void {
    this.#onDeath.add(listener);
    return () => this.#onDeath.delete(listener);
  }
}
