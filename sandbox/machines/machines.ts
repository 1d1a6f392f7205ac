// The sandbox's machines: each an instance in namespaces with a real Docker daemon, driven as EC2 and the SSM agent
// would. Used by the cloud process, which runs inside the sandbox's root and in the cloud's network.

import type { Server } from "node:http";
import type { AgentStatus, Machines, ScriptResult, ScriptRun } from "../ports.ts";
import { runScript } from "./agent.ts";
import { setFrozen } from "./cgroups.ts";
import { hostNameOf, type Identity, type Instance, powerOff, powerOn, scrap } from "./instance.ts";
import { startMetadata } from "./metadata.ts";
import { defaults, type RealMachinesOptions } from "./options.ts";

const firstAddress = 10;
const lastAddress = 250;

interface Machine {
  identity: Identity;
  /** undefined while it is being made. */
  instance: Instance | undefined;
  /** Settles when it is made, or could not be. */
  made: Promise<Instance>;
  power: "starting" | "on" | "off";
  onlineAt: number;
  frozenAt: number | undefined;
  /** Resolves when the machine answers again; undefined while it does. */
  thawed: PromiseWithResolvers<void> | undefined;
  interruption: Date | undefined;
  agentVersion: string;
}

export class RealMachines implements Machines {
  readonly #options: RealMachinesOptions;
  readonly #machines = new Map<string, Machine>();
  #metadata: Server | undefined;
  #nextAddress = firstAddress;
  #neverOnline = 0;
  #agentVersion: string;

  private constructor(options: RealMachinesOptions) {
    this.#options = options;
    this.#agentVersion = options.agentVersion ?? defaults.agentVersion;
  }

  /** Starts the metadata service, and nothing else. */
  static async open(options: RealMachinesOptions): Promise<RealMachines> {
    const machines = new RealMachines(options);
    machines.#metadata = await startMetadata({
      region: options.region ?? defaults.region,
      account: options.account ?? defaults.account,
      byAddress: (address) => machines.#subject(address),
      interruption: (instanceId) => machines.#machines.get(instanceId)?.interruption,
      lifecycleState: options.lifecycleState ?? (() => "InService"),
    });
    return machines;
  }

  /** Ends every machine, and the metadata service. */
  async close(): Promise<void> {
    await Promise.all([...this.#machines.keys()].map((instanceId) => this.terminate(instanceId)));
    const server = this.#metadata;
    if (!server) return;
    server.closeAllConnections();
    await new Promise<void>((done) => server.close(() => done()));
  }

  async start(wanted: { instanceId: string; group: string; role: "manager" | "worker" }): Promise<void> {
    const { instanceId } = wanted;
    if (!/^i-0[0-9a-f]{16}$/.test(instanceId))
      throw new Error(`${instanceId} is no instance id: i-0 and 16 digits`);
    if (this.#machines.has(instanceId)) throw new Error(`${instanceId} was started already`);
    const { agentMilliseconds } = { ...defaults.boot, ...this.#options.boot };
    const comesOnline = this.#neverOnline === 0;
    if (!comesOnline) this.#neverOnline--;
    const identity = { ...wanted, address: this.#takeAddress() };
    const machine: Machine = {
      identity,
      instance: undefined,
      made: powerOn(identity, this.#options),
      power: "starting",
      onlineAt: comesOnline ? Date.now() + agentMilliseconds : Number.POSITIVE_INFINITY,
      frozenAt: undefined,
      thawed: undefined,
      interruption: undefined,
      agentVersion: this.#agentVersion,
    };
    this.#machines.set(instanceId, machine);
    try {
      machine.instance = await machine.made;
    } catch (error) {
      this.#machines.delete(instanceId);
      throw error;
    }
    if (machine.power === "starting") machine.power = "on";
    void machine.instance.ended.then(() => {
      if (machine.power === "on") this.#options.log?.(`${instanceId} went off by itself`);
      machine.power = "off";
    });
  }

  async terminate(instanceId: string): Promise<void> {
    const machine = this.#machines.get(instanceId);
    if (!machine) return;
    await this.kill(instanceId);
    const instance = await made(machine);
    if (instance) await scrap(instance, this.#options.stateDirectory);
    this.#machines.delete(instanceId);
  }

  agent(instanceId: string): AgentStatus | undefined {
    const machine = this.#machines.get(instanceId);
    if (!machine) return undefined;
    const patience = this.#options.connectionLostMilliseconds ?? defaults.connectionLostMilliseconds;
    const lost = machine.frozenAt !== undefined && Date.now() - machine.frozenAt >= patience;
    return {
      online: machine.power === "on" && Date.now() >= machine.onlineAt && !lost,
      agentVersion: machine.agentVersion,
      address: machine.identity.address,
    };
  }

  alive(instanceId: string): boolean {
    const power = this.#machines.get(instanceId)?.power;
    return power === "on" || power === "starting";
  }

  /**
   * Runs a script as the instance's SSM agent. A machine that hangs or has no power answers nothing: the promise
   * stays open until the caller aborts, and is then rejected with the signal's reason.
   */
  async run(instanceId: string, run: ScriptRun): Promise<ScriptResult> {
    const machine = this.#machines.get(instanceId);
    if (machine?.power !== "on" || !machine.instance) return silence(run.signal);
    const outcome = await runScript(machine.instance, run, {
      AWS_ENDPOINT_URL: this.#options.endpointUrl ?? defaults.endpointUrl,
      AWS_REGION: this.#options.region ?? defaults.region,
    });
    if (outcome.kind === "aborted") throw run.signal.reason;
    await Promise.race([machine.thawed?.promise, machine.thawed && silence(run.signal)]);
    // A script that was killed with its machine has no agent left to report it. The news of the machine's end
    // may come just after that of the script's.
    if (outcome.result.exitCode === killed) {
      await Promise.race([machine.instance.ended, new Promise((done) => setTimeout(done, 100))]);
    }
    return this.#isOn(machine) ? outcome.result : silence(run.signal);
  }

  /** The address of a machine, powered or not. */
  address(instanceId: string): string | undefined {
    return this.#machines.get(instanceId)?.identity.address;
  }

  /** All machines that were started and not terminated. */
  instances(): Identity[] {
    return [...this.#machines.values()].map((machine) => machine.identity);
  }

  /** From now on everything in the instance hangs, its agent too. */
  freeze(instanceId: string): void {
    const machine = this.#need(instanceId);
    if (machine.frozenAt !== undefined) return;
    if (machine.instance) setFrozen(machine.instance.cgroup, true);
    machine.frozenAt = Date.now();
    machine.thawed = Promise.withResolvers();
  }

  thaw(instanceId: string): void {
    const machine = this.#need(instanceId);
    if (machine.instance) setFrozen(machine.instance.cgroup, false);
    machine.frozenAt = undefined;
    machine.thawed?.resolve();
    machine.thawed = undefined;
  }

  /** Cuts the power without a word to anybody: dead, but not forgotten. */
  async kill(instanceId: string): Promise<void> {
    const machine = this.#need(instanceId);
    machine.power = "off";
    const instance = await made(machine);
    if (instance) await powerOff(instance);
  }

  /** The agents of the next machines to be started never come online. */
  neverOnline(count = 1): void {
    this.#neverOnline += count;
  }

  /** The agent of one instance, or of every one that is started from now on, is of this version. */
  setAgentVersion(version: string, instanceId?: string): void {
    if (instanceId === undefined) this.#agentVersion = version;
    else this.#need(instanceId).agentVersion = version;
  }

  /** Kills the log shipper of an instance; nothing starts it again by itself. */
  async stopShipper(instanceId: string): Promise<void> {
    const script = 'pid=$(systemctl show -p MainPID --value filebeat); [ "$pid" = 0 ] || kill -9 "$pid"';
    const result = await this.run(instanceId, {
      commandId: "stop-shipper",
      script,
      environment: {},
      executionTimeoutSeconds: 10,
      document: "stop-shipper",
      signal: AbortSignal.timeout(15_000),
    });
    if (result.exitCode !== 0)
      throw new Error(`Could not stop the shipper of ${instanceId}: ${result.stderr}`);
  }

  /** Announces a Spot interruption to the instance, by its metadata service. */
  interrupt(instanceId: string, at: Date): void {
    this.#need(instanceId).interruption = at;
  }

  #need(instanceId: string): Machine {
    const machine = this.#machines.get(instanceId);
    if (!machine) throw new Error(`There is no machine ${instanceId}`);
    return machine;
  }

  /** Asked apart, since the state may have changed during an `await`. */
  #isOn(machine: Machine): boolean {
    return machine.power === "on";
  }

  #subject(address: string) {
    const { region, roleNameOf } = { ...defaults, ...this.#options };
    for (const { identity } of this.#machines.values()) {
      if (identity.address !== address) continue;
      return { ...identity, hostName: hostNameOf(address, region), roleName: roleNameOf(identity.group) };
    }
    return undefined;
  }

  /** Goes round, so that an address is not given again while others still remember who had it. */
  #takeAddress(): string {
    const taken = new Set([...this.#machines.values()].map((machine) => machine.identity.address));
    for (let tries = firstAddress; tries <= lastAddress; tries++) {
      const address = `10.78.0.${this.#nextAddress}`;
      this.#nextAddress = this.#nextAddress === lastAddress ? firstAddress : this.#nextAddress + 1;
      if (!taken.has(address)) return address;
    }
    throw new Error("No address is left in 10.78.0.0/24: terminate some instances");
  }
}

/** undefined when it could not be made: then `start` has told its caller, and nothing is left. */
const made = (machine: Machine): Promise<Instance | undefined> => machine.made.catch(() => undefined);

/** 128 + SIGKILL. */
const killed = 137;

/** What a machine without power answers: nothing, until the caller gives up. */
const silence = (signal: AbortSignal): Promise<never> =>
  new Promise((_, failed) => {
    const giveUp = () => failed(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
