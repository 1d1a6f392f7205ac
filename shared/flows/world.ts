// What a flow acts on and with: handed in, so that the same flow runs in Lambda, in the sandbox and in tests.
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { HookAction } from "../aws/auto-scaling.ts";
import type { Config } from "../config/config.ts";

/** Milliseconds since the epoch. */
export type EpochMillis = number;

export interface Log {
  info(message: string, fields: Record<string, unknown>): void;
  warn(message: string, fields: Record<string, unknown>): void;
  error(message: string, fields: Record<string, unknown>): void;
}

export interface World {
  autoScaling: AutoScalingClient;
  loadBalancing: ElasticLoadBalancingClient;
  systemsManager: SSMClient;
  config: Config;
  log: Log;
  /** A short pause inside a check, in real time: a few hundred milliseconds, where a durable wait would take whole seconds. */
  pause(milliseconds: number): Promise<void>;
  /** Read only inside steps and checks: a replay must not see another time. */
  now(): EpochMillis;
}

/**
 * The payload that every trigger for one host arrives at. It holds nothing of the event: a start with the same name and
 * another payload would be refused.
 */
export type FlowRequest = HookAction;
