// A durable execution as the local Lambda service keeps it.

import type { ErrorObject, OperationUpdate, WireOperation } from "@aws/durable-execution-sdk-js";

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "STOPPED";

/** What durability needs to know of a function. */
export interface DurableFunction {
  name: string;
  /** Alias → version, for example `{ durable: "1" }`. Version numbers and $LATEST need no entry. */
  aliases: Readonly<Record<string, string>>;
  executionTimeoutSeconds: number;
  retentionDays: number;
}

/** Operations carry ISO timestamps, as Lambda hands them to a function. */
export type Operation = Omit<WireOperation, "StartTimestamp" | "EndTimestamp"> & {
  Id: string;
  StartTimestamp: string;
  EndTimestamp?: string;
};

export interface ExecutionEvent {
  EventType: string;
  EventTimestamp: string;
  Id?: string;
  Name?: string;
  SubType?: string;
  ParentId?: string;
  /** The rest is named by the kind, for example `StepSucceededDetails`, as the API shapes it. */
  [details: string]: object | string | undefined;
}

export interface Execution {
  arn: string;
  functionName: string;
  functionArn: string;
  version: string;
  name: string;
  payload: string;
  status: ExecutionStatus;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt?: number;
  result?: string;
  error?: ErrorObject;
  operations: Map<string, Operation>;
  events: ExecutionEvent[];
  invocations: number;
}

/** What Lambda hands to a durable function at each invocation. */
export interface DurableInvocationInput {
  DurableExecutionArn: string;
  CheckpointToken: string;
  InitialExecutionState: { Operations: Operation[]; NextMarker: string };
  UpdatedOperationIds: string[];
}

/** May throw at a checkpoint, as if the function (or the whole cloud) died there. */
export interface CheckpointHooks {
  /** Nothing of these updates is stored yet. */
  before?: (execution: Execution, updates: readonly OperationUpdate[]) => void;
  /** All of them are stored; the function has not heard of it. */
  after?: (execution: Execution, updates: readonly OperationUpdate[]) => void;
}

export const isClosed = (execution: Execution): boolean => execution.status !== "RUNNING";
