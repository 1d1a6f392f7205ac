// What a flow acts on and with: handed in, so that the same flow runs in Lambda, in the sandbox and in tests.
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { HookAction } from "../aws/auto-scaling.ts";
import type { Config } from "../config/config.ts";
import type { InstanceId } from "../identifiers.ts";
import type { Measured } from "../metrics.ts";

/** Milliseconds since the epoch. */
export type EpochMillis = number;

/** @param measured metrics that go with the record; told only in steps and checks, so that no replay counts twice */
type Tell = (message: string, fields: Record<string, unknown>, measured?: Measured) => void;

export interface Log {
  info: Tell;
  warn: Tell;
  error: Tell;
}

/** What every flow needs. */
export interface CoreWorld {
  autoScaling: AutoScalingClient;
  systemsManager: SSMClient;
  config: Config;
  log: Log;
  /** A short pause inside a check, in real time: a few hundred milliseconds, where a durable wait would take whole seconds. */
  pause(milliseconds: number): Promise<void>;
  /** Read only inside steps and checks: a replay must not see another time. */
  now(): EpochMillis;
}

/** What the flows of an instance need. */
export interface World extends CoreWorld {
  loadBalancing: ElasticLoadBalancingClient;
}

/** What a roll needs. */
export interface RollWorld extends CoreWorld {
  /** In the registry's region, which need not be the swarm's. */
  registry: ECRClient;
  eventBus: EventBridgeClient;
}

/** What a look at the whole cluster needs, and a repair. */
export interface RepairWorld extends World {
  /** In the registry's region. */
  registry: ECRClient;
  lambda: LambdaClient;
  /** Full names of those whose executions are the flows under way. */
  functions: Readonly<Record<"join" | "retire" | "roll" | "repair", string>>;
}

/**
 * The payload that every trigger for one host arrives at. It holds nothing of the event: a start with the same name and
 * another payload would be refused.
 */
export type HookRequest = HookAction;

/** No hook waits: an instance that is in service is brought (back) into swarm and load balancer. */
export interface InServiceRequest {
  group: string;
  instanceId: InstanceId;
  inService: true;
}

export type FlowRequest = HookRequest | InServiceRequest;
