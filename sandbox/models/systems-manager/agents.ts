// The agents on the instances: who is registered, who answers, and what each has to run, five commands at a time.
import type { Clock } from "../../clock.ts";
import type { Machines } from "../../ports.ts";
import { type Invocation, isOver, outcome } from "./invocation.ts";
import { render } from "./parameters.ts";
import type { Limits } from "./types.ts";

interface Agent {
  registeredAt: number;
  lastPingAt: number;
  readonly waiting: Invocation[];
  running: number;
  /** A look at the queue is already due. */
  looking: boolean;
}

export interface AgentsOptions {
  clock: Clock;
  machines: Pick<Machines, "agent" | "run">;
  limits: Limits;
  instances: () => readonly string[];
  report: (message: string, error: unknown) => void;
  changed: (invocation: Invocation) => void;
}

export interface RegisteredAgent {
  instanceId: string;
  online: boolean;
  agentVersion: string;
  address: string;
  registeredAt: number;
  lastPingAt: number;
}

export class Agents {
  readonly #options: AgentsOptions;
  readonly #agents = new Map<string, Agent>();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /** Agents that were online at least once, on machines that still exist; in the order of their registration. */
  registered(): RegisteredAgent[] {
    for (const instanceId of this.#options.instances()) this.#observe(instanceId);
    const found: RegisteredAgent[] = [];
    for (const instanceId of this.#agents.keys()) {
      const agent = this.find(instanceId);
      if (agent) found.push(agent);
    }
    return found;
  }

  /** undefined where the agent never registered, or its machine is gone. */
  find(instanceId: string): RegisteredAgent | undefined {
    const agent = this.#observe(instanceId);
    const status = this.#options.machines.agent(instanceId);
    if (!agent || !status) return undefined;
    const silentMs = this.#options.clock.now() - agent.lastPingAt;
    const online = status.online || silentMs < this.#options.limits.connectionLostAfterMs;
    return {
      instanceId,
      online,
      agentVersion: status.agentVersion,
      address: status.address,
      registeredAt: agent.registeredAt,
      lastPingAt: agent.lastPingAt,
    };
  }

  /** Hands a command to an instance's agent; it waits there for the agent, and for a free place. */
  deliver(invocation: Invocation): void {
    const { clock } = this.#options;
    const agent = this.#observe(invocation.instanceId);
    if (!agent)
      throw new Error(`A command was sent to ${invocation.instanceId}, whose agent never registered.`);
    invocation.delivery = clock.after(invocation.command.timeoutSeconds * 1000, () =>
      this.#end(invocation, "TimedOut", "DeliveryTimedOut"),
    );
    agent.waiting.push(invocation);
    this.#lookSoon(invocation.instanceId, agent, this.#options.limits.deliveryLatencyMs);
  }

  cancel(invocation: Invocation): void {
    if (invocation.status === "Pending" || invocation.status === "Delayed") {
      this.#end(invocation, "Cancelled", "Cancelled");
    } else if (invocation.status === "InProgress") {
      this.#move(invocation, "Cancelling", "Cancelling");
      invocation.abort.abort(new Error(`Command ${invocation.command.commandId} was cancelled.`));
    }
  }

  #observe(instanceId: string): Agent | undefined {
    const now = this.#options.clock.now();
    const known = this.#agents.get(instanceId);
    if (!this.#options.machines.agent(instanceId)?.online) return known;
    if (known) {
      known.lastPingAt = now;
      return known;
    }
    const agent: Agent = { registeredAt: now, lastPingAt: now, waiting: [], running: 0, looking: false };
    this.#agents.set(instanceId, agent);
    return agent;
  }

  #lookSoon(instanceId: string, agent: Agent, delayMs: number): void {
    if (agent.looking) return;
    agent.looking = true;
    this.#options.clock.after(delayMs, () => {
      agent.looking = false;
      this.#look(instanceId, agent);
    });
  }

  #look(instanceId: string, agent: Agent): void {
    const { machines, limits } = this.#options;
    agent.waiting.splice(0, agent.waiting.length, ...agent.waiting.filter((waiting) => !isOver(waiting)));
    const status = machines.agent(instanceId);
    while (status?.online && agent.waiting.length > 0 && agent.running < limits.concurrentCommands) {
      const invocation = agent.waiting.shift();
      if (invocation) void this.#run(agent, invocation, status.agentVersion);
    }
    // With all places taken, the end of a run looks again; an agent that is away has to be looked after.
    if (agent.waiting.length > 0 && !status?.online) this.#lookSoon(instanceId, agent, limits.agentPollMs);
  }

  async #run(agent: Agent, invocation: Invocation, agentVersion: string): Promise<void> {
    const { clock, machines, limits, report } = this.#options;
    const { command, instanceId } = invocation;
    invocation.delivery?.cancel();
    invocation.startedAt = clock.now();
    this.#move(invocation, "InProgress", "InProgress");
    agent.running++;
    try {
      const result = await machines.run(instanceId, {
        commandId: command.commandId,
        document: command.document.shortName,
        signal: invocation.abort.signal,
        ...render(command.document, command.values, agentVersion),
      });
      if (this.#goesUnreported(command.document.shortName)) return;
      invocation.result = result;
      const { status, details } = outcome(result, invocation.abort.signal.aborted);
      this.#end(invocation, status, details);
    } catch (error) {
      if (invocation.abort.signal.aborted) {
        this.#end(invocation, "Cancelled", "Cancelled");
      } else {
        // Whoever should tell the outcome is gone: the service goes on showing InProgress (facts S3).
        report(`Command ${command.commandId} broke off on ${instanceId}`, error);
      }
    } finally {
      agent.running--;
      if (agent.waiting.length > 0) this.#lookSoon(instanceId, agent, limits.deliveryLatencyMs);
    }
  }

  /** The script has done its work, and nobody will ever hear of it. */
  #goesUnreported(document: string): boolean {
    const { unreported } = this.#options.limits;
    if (unreported?.document !== document || unreported.times <= 0) return false;
    unreported.times--;
    return true;
  }

  #end(invocation: Invocation, status: Invocation["status"], details: string): void {
    invocation.delivery?.cancel();
    invocation.endedAt = this.#options.clock.now();
    this.#move(invocation, status, details);
  }

  #move(invocation: Invocation, status: Invocation["status"], details: string): void {
    invocation.status = status;
    invocation.statusDetails = details;
    this.#options.changed(invocation);
  }
}
