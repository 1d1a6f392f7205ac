// What happened in a durable execution, as GetDurableExecutionHistory tells it: derived from each change of an
// operation's state, so that it is the same after a restart from the journal.

import type { Execution, ExecutionEvent, Operation } from "./execution.ts";
import { iso } from "./operations.ts";

export const operationEvent = (
  previous: Operation | undefined,
  next: Operation,
  at: number,
): ExecutionEvent | undefined => {
  const kind =
    next.Type === "STEP"
      ? "Step"
      : next.Type === "WAIT"
        ? "Wait"
        : next.Type === "CONTEXT"
          ? "Context"
          : undefined;
  if (kind === undefined || next.Status === "READY") return undefined;
  const base = {
    EventTimestamp: iso(at),
    Id: next.Id,
    ...(next.Name === undefined ? {} : { Name: next.Name }),
    ...(next.SubType === undefined ? {} : { SubType: next.SubType }),
    ...(next.ParentId === undefined ? {} : { ParentId: next.ParentId }),
  };
  switch (next.Status) {
    case "STARTED":
      if (previous?.Status === "STARTED") return undefined;
      return { EventType: `${kind}Started`, ...base, [`${kind}StartedDetails`]: startedDetails(next) };
    case "SUCCEEDED":
      return { EventType: `${kind}Succeeded`, ...base, [`${kind}SucceededDetails`]: succeededDetails(next) };
    case "PENDING":
    case "FAILED":
      return { EventType: `${kind}Failed`, ...base, [`${kind}FailedDetails`]: failedDetails(next, at) };
    case "CANCELLED":
      return { EventType: `${kind}Cancelled`, ...base, [`${kind}CancelledDetails`]: {} };
    default:
      return undefined;
  }
};

export const startedEvent = (
  { startedAt, payload, arn, name }: Execution,
  timeoutSeconds: number,
): ExecutionEvent => ({
  EventType: "ExecutionStarted",
  EventTimestamp: iso(startedAt),
  Id: arn,
  Name: name,
  ExecutionStartedDetails: { Input: { Payload: payload }, ExecutionTimeout: timeoutSeconds },
});

export const closedEvent = ({ status, endedAt = 0, arn, name, result, error }: Execution): ExecutionEvent => {
  const kind = {
    RUNNING: "Started",
    SUCCEEDED: "Succeeded",
    FAILED: "Failed",
    TIMED_OUT: "TimedOut",
    STOPPED: "Stopped",
  }[status];
  const details = status === "SUCCEEDED" ? { Result: { Payload: result } } : { Error: { Payload: error } };
  return {
    EventType: `Execution${kind}`,
    EventTimestamp: iso(endedAt),
    Id: arn,
    Name: name,
    [`Execution${kind}Details`]: details,
  };
};

export const invocationEvent = (
  requestId: string,
  start: number,
  end: number,
  error?: unknown,
): ExecutionEvent => ({
  EventType: "InvocationCompleted",
  EventTimestamp: iso(end),
  InvocationCompletedDetails: {
    StartTimestamp: iso(start),
    EndTimestamp: iso(end),
    RequestId: requestId,
    ...(error === undefined ? {} : { Error: { Payload: { ErrorMessage: String(error) } } }),
  },
});

const startedDetails = ({ Type, StartTimestamp, WaitDetails }: Operation): object => {
  if (Type !== "WAIT" || WaitDetails?.ScheduledEndTimestamp === undefined) return {};
  const end = new Date(WaitDetails.ScheduledEndTimestamp);
  return { Duration: secondsBetween(StartTimestamp, end), ScheduledEndTimestamp: end.toISOString() };
};

const succeededDetails = ({
  Type,
  StartTimestamp,
  EndTimestamp,
  StepDetails,
  ContextDetails,
}: Operation): object => {
  if (Type === "WAIT")
    return { Duration: secondsBetween(StartTimestamp, new Date(EndTimestamp ?? StartTimestamp)) };
  if (Type === "CONTEXT") return { Result: { Payload: ContextDetails?.Result } };
  return { Result: { Payload: StepDetails?.Result }, RetryDetails: { CurrentAttempt: StepDetails?.Attempt } };
};

const failedDetails = ({ Type, StepDetails, ContextDetails }: Operation, at: number): object => {
  if (Type === "CONTEXT") return { Error: { Payload: ContextDetails?.Error } };
  const next = StepDetails?.NextAttemptTimestamp;
  return {
    Error: { Payload: StepDetails?.Error },
    RetryDetails: {
      CurrentAttempt: StepDetails?.Attempt,
      ...(next === undefined
        ? {}
        : { NextAttemptDelaySeconds: Math.round((new Date(next).getTime() - at) / 1000) }),
    },
  };
};

const secondsBetween = (start: string, end: Date): number =>
  Math.round((end.getTime() - Date.parse(start)) / 1000);
