// Stand-ins for machines, proxy and event bus, for the tests of the sandbox's models of AWS.
import type {
  AwsEvent,
  Caller,
  Proxy as LoadBalancerProxy,
  Machines,
  ScriptResult,
  ScriptRun,
} from "../../sandbox/ports.ts";

export const operator: Caller = { accessKeyId: "OPERATOR", principal: "operator" };

interface FakeMachine {
  alive: boolean;
  online: boolean;
  agentVersion: string;
}

export type Script = (instanceId: string, run: ScriptRun) => Promise<ScriptResult>;

export const succeeds: ScriptResult = { exitCode: 0, stdout: "", stderr: "", timedOut: false };

export class FakeMachines implements Machines {
  readonly machines = new Map<string, FakeMachine>();
  readonly runs: { instanceId: string; run: ScriptRun }[] = [];
  readonly terminated: string[] = [];
  script: Script = async () => succeeds;
  /** How long a start takes. */
  startDelay: () => Promise<void> = async () => {};
  /** The next starts that fail. */
  failingStarts = 0;

  async start({ instanceId }: { instanceId: string }): Promise<void> {
    await this.startDelay();
    if (this.failingStarts-- > 0) throw new Error("no capacity");
    this.boot(instanceId);
  }

  boot(instanceId: string, more: Partial<FakeMachine> = {}): void {
    this.machines.set(instanceId, { alive: true, online: true, agentVersion: "3.3.3000.0", ...more });
  }

  /** Terminated directly in EC2: dead before Auto Scaling hears of it. */
  kill(instanceId: string): void {
    this.machines.delete(instanceId);
  }

  async terminate(instanceId: string): Promise<void> {
    this.terminated.push(instanceId);
    this.machines.delete(instanceId);
  }

  agent(instanceId: string) {
    const machine = this.machines.get(instanceId);
    return machine && { online: machine.online, agentVersion: machine.agentVersion, address: "10.78.0.10" };
  }

  alive(instanceId: string): boolean {
    return this.machines.get(instanceId)?.alive ?? false;
  }

  run(instanceId: string, run: ScriptRun): Promise<ScriptResult> {
    this.runs.push({ instanceId, run });
    return this.script(instanceId, run);
  }
}

export class FakeProxy implements LoadBalancerProxy {
  readonly calls: string[] = [];
  readonly open = new Map<string, number>();
  readonly healthOf = new Map<string, "up" | "down" | "unknown">();

  async add(instanceId: string): Promise<void> {
    this.calls.push(`add ${instanceId}`);
  }
  async drain(instanceId: string): Promise<void> {
    this.calls.push(`drain ${instanceId}`);
  }
  async connections(instanceId: string): Promise<number> {
    return this.open.get(instanceId) ?? 0;
  }
  async remove(instanceId: string): Promise<void> {
    this.calls.push(`remove ${instanceId}`);
  }
  async health(instanceId: string): Promise<"up" | "down" | "unknown"> {
    return this.healthOf.get(instanceId) ?? "unknown";
  }
}

type Published = Pick<AwsEvent, "source" | "detail-type" | "resources" | "detail">;

/** Keeps what was published. */
export class FakeBus {
  readonly events: Published[] = [];
  readonly publish = (event: Published): void => {
    this.events.push(event);
  };

  of(detailType: string): Published["detail"][] {
    return this.events.filter((event) => event["detail-type"] === detailType).map((event) => event.detail);
  }
}

/** What an operation throws: its code and message, as a caller would see them. */
export async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  }
  return "accepted";
}
