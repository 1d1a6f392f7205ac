// The state machine of one durable operation (step, wait, context), pure: state and update in, state out.

import type { OperationUpdate } from "@aws/durable-execution-sdk-js";
import { AwsError } from "../ports.ts";
import type { Operation } from "./execution.ts";

type Status = NonNullable<Operation["Status"]>;

const MAX_OPERATIONS = 3000;
const MAX_PAYLOAD_BYTES = 256 * 1024;

const TERMINAL: ReadonlySet<Status> = new Set(["SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"]);

export const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** @throws AwsError when Lambda would refuse the update. */
const applyUpdate = (current: Operation | undefined, update: OperationUpdate, now: number): Operation => {
  if (update.Id === undefined || update.Type === undefined || update.Action === undefined) {
    throw invalid("An operation update needs Id, Type and Action.");
  }
  if (Buffer.byteLength(update.Payload ?? "") > MAX_PAYLOAD_BYTES) {
    const name = update.Name ?? update.Id;
    throw invalid(
      `The payload of ${update.Type} ${name} has ${Buffer.byteLength(update.Payload ?? "")} bytes; ` +
        `it must be less than or equal to ${MAX_PAYLOAD_BYTES} bytes.`,
    );
  }
  if (current?.Status !== undefined && TERMINAL.has(current.Status)) {
    throw invalid(
      `Invalid current ${update.Type} state: ${update.Name ?? update.Id} is already ${current.Status}.`,
    );
  }
  const operation: Operation = {
    ...current,
    Id: update.Id,
    Type: update.Type,
    Status: statusAfter(update.Action),
    StartTimestamp: current?.StartTimestamp ?? iso(now),
    ...(update.ParentId === undefined ? {} : { ParentId: update.ParentId }),
    ...(update.Name === undefined ? {} : { Name: update.Name }),
    ...(update.SubType === undefined ? {} : { SubType: update.SubType }),
  };
  if (operation.Status !== undefined && TERMINAL.has(operation.Status)) operation.EndTimestamp = iso(now);
  return { ...operation, ...detailsAfter(current, update, now) };
};

/**
 * The operations that a checkpoint's updates make of those there are; nothing is stored yet.
 * @throws AwsError when Lambda would refuse any of them: a checkpoint is taken whole or not at all.
 */
export const applyUpdates = (
  operations: ReadonlyMap<string, Operation>,
  updates: readonly OperationUpdate[],
  now: number,
): Operation[] => {
  const staged = new Map<string, Operation>();
  for (const update of updates) {
    // The execution's own update only carries a result that is too large to be returned.
    if (update.Type === "EXECUTION") continue;
    const id = update.Id ?? "";
    staged.set(id, applyUpdate(staged.get(id) ?? operations.get(id), update, now));
  }
  const added = [...staged.keys()].filter((id) => !operations.has(id)).length;
  if (operations.size + added > MAX_OPERATIONS) {
    throw invalid(`A durable execution holds ${MAX_OPERATIONS} operations at most.`);
  }
  return [...staged.values()];
};

const statusAfter = (action: NonNullable<OperationUpdate["Action"]>): Status => {
  switch (action) {
    case "START":
      return "STARTED";
    case "SUCCEED":
      return "SUCCEEDED";
    case "FAIL":
      return "FAILED";
    case "CANCEL":
      return "CANCELLED";
    case "RETRY":
      return "PENDING";
  }
};

const detailsAfter = (
  current: Operation | undefined,
  update: OperationUpdate,
  now: number,
): Partial<Operation> => {
  switch (update.Type) {
    case "STEP": {
      const { NextAttemptTimestamp: _, ...previous } = current?.StepDetails ?? {};
      if (update.Action === "START") return { StepDetails: previous };
      const delaySeconds = update.StepOptions?.NextAttemptDelaySeconds ?? 1;
      return {
        StepDetails: {
          ...previous,
          // How many attempts have ended; the SDK adds one for the attempt that runs.
          Attempt: (previous.Attempt ?? 0) + 1,
          Result: update.Payload,
          Error: update.Error,
          ...(update.Action === "RETRY" ? { NextAttemptTimestamp: iso(now + delaySeconds * 1000) } : {}),
        },
      };
    }
    case "WAIT":
      if (update.Action !== "START") return {};
      return {
        WaitDetails: { ScheduledEndTimestamp: iso(now + (update.WaitOptions?.WaitSeconds ?? 0) * 1000) },
      };
    case "CONTEXT": {
      const replayChildren = update.ContextOptions?.ReplayChildren ?? current?.ContextDetails?.ReplayChildren;
      return {
        ContextDetails: { Result: update.Payload, Error: update.Error, ReplayChildren: replayChildren },
      };
    }
    default:
      throw invalid(
        `The sandbox's Lambda does not know ${update.Type} operations; it knows STEP, WAIT and CONTEXT.`,
      );
  }
};

/** When a timer of this operation ends (milliseconds since the epoch); undefined: it waits for no timer. */
export const dueAt = (operation: Operation): number | undefined => {
  const time =
    operation.Type === "WAIT" && operation.Status === "STARTED"
      ? operation.WaitDetails?.ScheduledEndTimestamp
      : operation.Type === "STEP" && operation.Status === "PENDING"
        ? operation.StepDetails?.NextAttemptTimestamp
        : undefined;
  return time === undefined ? undefined : new Date(time).getTime();
};

/** When a suspended execution has something to do again (milliseconds since the epoch); undefined: never. */
export const nextWake = (operations: Iterable<Operation>, now: number): number | undefined => {
  const due = [...operations].flatMap(
    (operation) => (operation.Status === "READY" ? now : dueAt(operation)) ?? [],
  );
  return due.length === 0 ? undefined : Math.min(...due);
};

/** The operation after its timer has ended: waits succeed, steps are ready for their next attempt. */
export const afterTimer = (operation: Operation, now: number): Operation =>
  operation.Type === "WAIT"
    ? { ...operation, Status: "SUCCEEDED", EndTimestamp: iso(now) }
    : { ...operation, Status: "READY" };

/** Children of a finished context are left out of what a function is given, unless the context asked for them. */
export const visibleOperations = (operations: ReadonlyMap<string, Operation>): Operation[] => {
  const hidden = new Set<string>();
  return [...operations.values()].filter((operation) => {
    const parent = operation.ParentId === undefined ? undefined : operations.get(operation.ParentId);
    if (parent === undefined || !(hidden.has(parent.Id) || hidesChildren(parent))) return true;
    hidden.add(operation.Id);
    return false;
  });
};

const hidesChildren = ({ Type, Status, ContextDetails }: Operation): boolean =>
  Type === "CONTEXT" && Status !== undefined && TERMINAL.has(Status) && !ContextDetails?.ReplayChildren;

const invalid = (message: string): AwsError => new AwsError("InvalidParameterValueException", message);
