// What the Auto Scaling model is configured with, and what it records for reports.
import type { LifecycleState } from "@aws-sdk/client-auto-scaling";
import type { Clock } from "../../clock.ts";
import type { AttachedLoadBalancer, Machines, Publish } from "../../ports.ts";
import type { Account } from "../account.ts";
import type { Identifiers } from "../identifiers.ts";

export type Transition = "autoscaling:EC2_INSTANCE_LAUNCHING" | "autoscaling:EC2_INSTANCE_TERMINATING";
export type ActionResult = "CONTINUE" | "ABANDON";

export interface HookConfig {
  name: string;
  transition: Transition;
  /** 30–7200; the global timeout follows from it: min(172800, 100 × this). */
  heartbeatTimeoutSeconds: number;
  defaultResult: ActionResult;
  notificationMetadata?: string;
}

export interface GroupConfig {
  name: string;
  role: "manager" | "worker";
  min: number;
  max: number;
  desired: number;
  hooks?: HookConfig[];
  /** Classic load balancers attached from the start. */
  loadBalancerNames?: string[];
  /** What an ABANDONed terminate hook does to the instance; AWS's default is to terminate. */
  terminateHookAbandon?: "retain" | "terminate";
  tags?: Record<string, string>;
}

/** How long the parts of Auto Scaling that nobody can see take. All in milliseconds. */
export interface Timings {
  /** From a cause (a changed capacity, a lost instance) to the group looking at its capacity again. */
  reconcileMs: number;
  /** Between two EC2 health checks. */
  healthCheckMs: number;
  /** In `Pending:Proceed` and `Terminating:Proceed`. */
  proceedMs: number;
  /** From a launch that failed to the next one. */
  relaunchMs: number;
}

export const defaultTimings: Timings = {
  reconcileMs: 200,
  healthCheckMs: 5_000,
  proceedMs: 200,
  relaunchMs: 5_000,
};

/** The unpleasant sides of the real service; each is off until switched on, and can be switched at any time. */
export interface Faults {
  /** Describe calls answer with the lifecycle states of that long ago. */
  staleReadsMs: number;
  /** For that long after a wait began, CompleteLifecycleAction finds no active action (facts A5). */
  transientNoActiveActionMs: number;
}

export interface AutoScalingOptions {
  clock: Clock;
  machines: Machines;
  publish: Publish;
  groups: GroupConfig[];
  /** By name: those that a group may be attached to, now or later. */
  loadBalancers?: Record<string, AttachedLoadBalancer>;
  ids?: Identifiers;
  timings?: Partial<Timings>;
  faults?: Partial<Faults>;
  account?: Account;
  /** Told what a machine or load balancer refused; the model tries again by itself. Default: standard error. */
  report?: (message: string, error: unknown) => void;
}

/** One lifecycle action: one hook, waited for once on one instance. */
export interface HookRecord {
  instanceId: string;
  group: string;
  hook: string;
  transition: Transition;
  token: string;
  startedAt: number;
  endedAt?: number;
  /** Absent while waiting, and when superseded. */
  result?: ActionResult;
  /** `superseded`: another hook's ABANDON or the instance's termination ended the wait. */
  by?: "call" | "timeout" | "superseded";
  /** Accepted CompleteLifecycleAction calls: 1 is what a report wants to see. */
  completions: number;
  /** When a heartbeat was accepted. */
  heartbeats: number[];
}

export interface StateChange {
  instanceId: string;
  group: string;
  /** undefined for the first state of an instance. */
  from: LifecycleState | undefined;
  to: LifecycleState;
  at: number;
  cause: string;
}
