// The seams of the sandbox: what the models of AWS need from the machines and from each other, and what they
// offer to the endpoint. Real implementations run namespaces and haproxy; flow tests hand in simulated ones.

/** An error that AWS would answer: `code` is the wire's error code (for example `ValidationError`). */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** Who signed a call: a function's role, an instance's role, or the operator with the sandbox's own keys. */
export interface Caller {
  /** The access key id of the signature; `OPERATOR` for calls made from inside the sandbox itself. */
  accessKeyId: string;
  /** For example `function:join-node`, `instance:i-0abc…`, `operator`. */
  principal: string;
  /** Of the signature's scope: the region whose service is asked. undefined: the swarm's own. */
  region?: string;
}

/** One AWS service: its operations by name. Inputs and outputs have the shapes of the SDK v3 clients. */
export interface ServiceModel {
  /** The signing name: `autoscaling`, `elasticloadbalancing`, `ssm`, `ecr`, `events`, `sqs`. */
  readonly signingName: string;
  // biome-ignore lint/suspicious/noExplicitAny: each model declares the SDK's own input and output types.
  readonly operations: Readonly<Record<string, (input: any, caller: Caller) => unknown>>;
}

/** An event as EventBridge delivers it. */
export interface AwsEvent {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Record<string, unknown>;
}

/** Where a model publishes its events. */
export type Publish = (event: Pick<AwsEvent, "source" | "detail-type" | "resources" | "detail">) => void;

/** One run of a script on an instance, as the SSM agent is asked for it. */
export interface ScriptRun {
  commandId: string;
  /** The lines of `runCommand`, joined; already checked, nothing substituted for ENV_VAR parameters. */
  script: string;
  /** Parameters with interpolationType ENV_VAR, as `SSM_<name>`. */
  environment: Record<string, string>;
  executionTimeoutSeconds: number;
  /** The document's name without stack prefix (for simulated instances, which answer by name). */
  document: string;
  signal: AbortSignal;
}

export interface ScriptResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** The SSM agent of an instance, as Systems Manager sees it. */
export interface AgentStatus {
  online: boolean;
  agentVersion: string;
  address: string;
}

/** The machines that the Auto Scaling and SSM models act on. */
export interface Machines {
  /** Powers an instance on. Resolves when it is `running` (its agent may take longer, or never come). */
  start(instance: { instanceId: string; group: string; role: "manager" | "worker" }): Promise<void>;
  /** Powers it off and forgets it. Resolves when nothing of it is left. Safe to call twice. */
  terminate(instanceId: string): Promise<void>;
  /** undefined: no such machine. */
  agent(instanceId: string): AgentStatus | undefined;
  /** True while the machine runs (for EC2 health checks). */
  alive(instanceId: string): boolean;
  run(instanceId: string, run: ScriptRun): Promise<ScriptResult>;
}

/** What the ELB model needs from the proxy behind it. */
export interface Proxy {
  add(instanceId: string): Promise<void>;
  /** No new connections; those that are open go on. */
  drain(instanceId: string): Promise<void>;
  /** Connections (sessions) still open to an instance. */
  connections(instanceId: string): Promise<number>;
  remove(instanceId: string): Promise<void>;
  /** By health check. */
  health(instanceId: string): Promise<"up" | "down" | "unknown">;
}

/** What Auto Scaling needs of an attached Classic ELB. */
export interface AttachedLoadBalancer {
  register(instanceId: string): Promise<void>;
  /** Resolves when deregistered and drained. */
  deregister(instanceId: string): Promise<void>;
}
