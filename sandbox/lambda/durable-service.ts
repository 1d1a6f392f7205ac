// Lambda's durable executions, locally: started by name, checkpointed, suspended on timers, invoked again after a
// crash. The state machine has no I/O of its own: clock, invocation and journal are handed in.

import { randomUUID } from "node:crypto";
import type {
  CheckpointDurableExecutionRequest,
  ErrorObject,
  GetDurableExecutionStateRequest,
  OperationUpdate,
} from "@aws/durable-execution-sdk-js";
import type { Clock, Timer } from "../clock.ts";
import { AwsError } from "../ports.ts";
import {
  type CheckpointHooks,
  type DurableFunction,
  type DurableInvocationInput,
  type Execution,
  type ExecutionStatus,
  isClosed,
  type Operation,
} from "./execution.ts";
import { ExecutionStore } from "./execution-store.ts";
import { invocationEvent } from "./history.ts";
import type { Journal } from "./journal.ts";
import { afterAnyTime } from "./long-timer.ts";
import { afterTimer, applyUpdate, dueAt, iso, MAX_OPERATIONS, visibleOperations } from "./operations.ts";

/** Runs the function's code once; rejects when it threw, crashed or timed out. */
export type InvokeDurable = (
  functionName: string,
  input: DurableInvocationInput,
  execution: Execution,
) => Promise<unknown>;

export interface DurableServiceOptions {
  functions: readonly DurableFunction[];
  clock: Clock;
  invoke: InvokeDurable;
  account?: string;
  region?: string;
  /** Given: executions survive a kill of this process (see `resume`). */
  journal?: Journal;
  hooks?: CheckpointHooks;
  /** An execution FAILED or TIMED_OUT, or was STOPPED for lack of retries: where its dead letter goes. */
  deadLetter?: (execution: Execution) => void;
  /** How long to wait before invoking again what threw, by how often it threw in a row. */
  retryDelayMilliseconds?: (failuresInARow: number) => number;
  /** More failures in a row than this fail the execution. */
  maxFailuresInARow?: number;
  /** Told of each invocation that threw, crashed or timed out. */
  onInvocationFailed?: (execution: Execution, error: unknown) => void;
}

export interface StartRequest {
  functionName: string;
  qualifier?: string | undefined;
  name?: string | undefined;
  payload: string;
}

/** What an invocation that is under way may do, and what it has not been told yet. */
interface Activity {
  token?: string | undefined;
  changed: Set<string>;
  failures: number;
  wake?: Timer;
  deadline?: Timer;
}

const backOff = (failures: number): number => Math.min(30_000, 250 * 2 ** (failures - 1));

export class DurableService {
  readonly clock: Clock;
  readonly #options: DurableServiceOptions;
  readonly #functions: ReadonlyMap<string, DurableFunction>;
  readonly #store: ExecutionStore;
  readonly #activities = new Map<string, Activity>();
  readonly #waiters = new Map<string, ((execution: Execution) => void)[]>();
  #inFlight = 0;
  #quietWaiters: (() => void)[] = [];
  #down = false;

  constructor(options: DurableServiceOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#functions = new Map(options.functions.map((each) => [each.name, each]));
    this.#store = new ExecutionStore({
      clock: options.clock,
      functions: this.#functions,
      journal: options.journal,
    });
  }

  /** Goes on with what the journal says was running. Call once, when functions can be invoked. */
  resume(): void {
    for (const execution of this.#store.all()) {
      if (isClosed(execution)) this.#sendDeadLetter(execution);
      else this.#begin(execution);
    }
  }

  isDurable(functionName: string): boolean {
    return this.#functions.has(functionName);
  }

  /**
   * Idempotent by name: the same name and payload returns the execution there is, running or closed.
   * @throws AwsError as Lambda's Invoke would.
   */
  start({ functionName, qualifier, name = randomUUID(), payload }: StartRequest): Execution {
    const durable = this.#function(functionName);
    const version = versionOf(durable, qualifier);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
      throw invalid(
        `The durable execution name "${name}" must have 1 to 64 characters of A-Z, a-z, 0-9, - and _.`,
      );
    }
    const existing = this.#store.named(name);
    if (existing !== undefined) {
      if (existing.functionName === functionName && existing.payload === payload) return existing;
      throw new AwsError(
        "DurableExecutionAlreadyStartedException",
        `The durable execution ${name} was already started with another payload: ${existing.arn}`,
        409,
      );
    }
    const { account = "123456789012", region = "us-east-1" } = this.#options;
    const functionArn = `arn:aws:lambda:${region}:${account}:function:${functionName}:${version}`;
    const id = randomUUID();
    const startedAt = this.clock.now();
    const arn = `${functionArn}/durable-execution/${name}/${id}`;
    const execution = this.#store.open({ arn, functionName, functionArn, version, name, payload, startedAt });
    this.#store.put(execution, {
      Id: id,
      Type: "EXECUTION",
      Status: "STARTED",
      StartTimestamp: iso(startedAt),
      ExecutionDetails: { InputPayload: payload },
    });
    this.#begin(execution);
    return execution;
  }

  /** CheckpointDurableExecution. */
  checkpoint({ DurableExecutionArn, CheckpointToken, Updates = [] }: CheckpointDurableExecutionRequest): {
    CheckpointToken: string;
    NewExecutionState: { Operations: Operation[]; NextMarker: string };
  } {
    const execution = this.get(DurableExecutionArn ?? "");
    const activity = this.#activity(execution);
    if (isClosed(execution) || activity.token === undefined || activity.token !== CheckpointToken) {
      throw invalid("Invalid Checkpoint Token");
    }
    this.#options.hooks?.before?.(execution, Updates);
    this.#apply(execution, activity, Updates);
    this.#endTimers(execution, activity);
    this.#options.hooks?.after?.(execution, Updates);
    activity.token = randomUUID();
    const Operations = [...activity.changed].flatMap((id) => execution.operations.get(id) ?? []);
    activity.changed.clear();
    return { CheckpointToken: activity.token, NewExecutionState: { Operations, NextMarker: "" } };
  }

  /** GetDurableExecutionState: what the function may see of its own state. */
  getState({ DurableExecutionArn }: GetDurableExecutionStateRequest): {
    Operations: Operation[];
    NextMarker: string;
  } {
    return { Operations: visibleOperations(this.get(DurableExecutionArn ?? "").operations), NextMarker: "" };
  }

  /** @throws AwsError `ResourceNotFoundException` */
  get(arn: string): Execution {
    const execution = this.#store.get(arn);
    if (execution !== undefined) return execution;
    throw new AwsError("ResourceNotFoundException", `There is no durable execution ${arn}.`, 404);
  }

  /** Those whose retention has not ended, of one function or of all; oldest first. */
  executions(functionName?: string): Execution[] {
    const all = this.#store.all();
    return functionName === undefined
      ? all
      : all.filter((execution) => execution.functionName === functionName);
  }

  /** @returns When it was stopped. Stopping what is closed already changes nothing. */
  stop(arn: string, error: ErrorObject = { ErrorType: "StopRequested" }): Date {
    const execution = this.get(arn);
    if (!isClosed(execution)) this.#close(execution, "STOPPED", { error });
    return new Date(execution.endedAt ?? this.clock.now());
  }

  /** Resolves when the execution is closed. */
  done(arn: string): Promise<Execution> {
    const execution = this.get(arn);
    if (isClosed(execution)) return Promise.resolve(execution);
    return new Promise((resolve) => {
      this.#waiters.set(arn, [...(this.#waiters.get(arn) ?? []), resolve]);
    });
  }

  /** Invocations in flight. */
  running(): number {
    return this.#inFlight;
  }

  /** Resolves when no invocation is in flight: everything is closed or waits for a timer. */
  quiet(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quietWaiters.push(resolve));
  }

  /** Cancels all timers and invokes nothing any more, as a kill of the process would. The journal stays. */
  shutDown(): void {
    this.#down = true;
    for (const activity of this.#activities.values()) {
      activity.wake?.cancel();
      activity.deadline?.cancel();
      activity.token = undefined;
    }
  }

  #begin(execution: Execution): void {
    const durable = this.#functions.get(execution.functionName);
    if (durable === undefined) {
      const message = `The function ${execution.functionName} no longer exists.`;
      this.#close(execution, "FAILED", {
        error: { ErrorType: "ResourceNotFound", ErrorMessage: message },
      });
      return;
    }
    const remaining = execution.startedAt + durable.executionTimeoutSeconds * 1000 - this.clock.now();
    this.#activity(execution).deadline = afterAnyTime(this.clock, remaining, () => {
      const ErrorMessage = `The execution timed out after ${durable.executionTimeoutSeconds} seconds.`;
      this.#close(execution, "TIMED_OUT", { error: { ErrorType: "ExecutionTimedOut", ErrorMessage } });
    });
    this.#invoke(execution);
  }

  #invoke(execution: Execution): void {
    if (this.#down || isClosed(execution)) return;
    const activity = this.#activity(execution);
    this.#endTimers(execution, activity);
    const token = randomUUID();
    activity.token = token;
    const input: DurableInvocationInput = {
      DurableExecutionArn: execution.arn,
      CheckpointToken: token,
      InitialExecutionState: { Operations: visibleOperations(execution.operations), NextMarker: "" },
      UpdatedOperationIds: [...activity.changed],
    };
    activity.changed.clear();
    execution.invocations++;
    this.#inFlight++;
    const startedAt = this.clock.now();
    const { invoke } = this.#options;
    // An async function, so that one that throws at once is no different from one that rejects.
    const invocation = (async () => invoke(execution.functionName, input, execution))();
    const ended = (handle: () => void, error?: unknown): void => {
      activity.token = undefined;
      this.#inFlight--;
      if (!this.#down && !isClosed(execution)) {
        this.#store.note(execution, invocationEvent(token, startedAt, this.clock.now(), error));
        handle();
      }
      if (this.#inFlight === 0) for (const resolve of this.#quietWaiters.splice(0)) resolve();
    };
    invocation.then(
      (output) => ended(() => this.#returned(execution, activity, output)),
      (error: unknown) => ended(() => this.#threw(execution, activity, error), error),
    );
  }

  #returned(execution: Execution, activity: Activity, output: unknown): void {
    activity.failures = 0;
    const { Status, Result, Error: error } = readOutput(output);
    const invalidOutput = (ErrorMessage: string): void =>
      this.#close(execution, "FAILED", { error: { ErrorType: "InvalidOutput", ErrorMessage } });
    if (Status === "SUCCEEDED") {
      // A result that was checkpointed for its size comes back empty.
      this.#close(execution, "SUCCEEDED", { result: Result || (execution.result ?? Result) });
    } else if (Status === "FAILED") {
      this.#close(execution, "FAILED", { error: error ?? {} });
    } else if (Status !== "PENDING") {
      invalidOutput(
        `The function answered ${JSON.stringify(output)?.slice(0, 200)} instead of a durable output.`,
      );
    } else {
      const next = nextWake(execution, this.clock.now());
      if (next === undefined) invalidOutput("The function suspended itself with nothing to wait for.");
      else this.#wakeAfter(execution, activity, next - this.clock.now());
    }
  }

  #threw(execution: Execution, activity: Activity, error: unknown): void {
    activity.failures++;
    this.#options.onInvocationFailed?.(execution, error);
    const { maxFailuresInARow = 10, retryDelayMilliseconds = backOff } = this.#options;
    if (activity.failures <= maxFailuresInARow) {
      this.#wakeAfter(execution, activity, retryDelayMilliseconds(activity.failures));
      return;
    }
    const last = error instanceof Error ? error : new Error(String(error));
    const ErrorMessage = `${activity.failures} invocations failed in a row; the last one: ${last.message}`;
    this.#close(execution, "FAILED", { error: { ErrorType: last.name, ErrorMessage } });
  }

  #wakeAfter(execution: Execution, activity: Activity, milliseconds: number): void {
    activity.wake = afterAnyTime(this.clock, milliseconds, () => this.#invoke(execution));
  }

  #apply(execution: Execution, activity: Activity, updates: readonly OperationUpdate[]): void {
    const staged = new Map<string, Operation>();
    for (const update of updates) {
      if (update.Type === "EXECUTION") continue;
      const id = update.Id ?? "";
      staged.set(id, applyUpdate(staged.get(id) ?? execution.operations.get(id), update, this.clock.now()));
    }
    const added = [...staged.keys()].filter((id) => !execution.operations.has(id)).length;
    if (execution.operations.size + added > MAX_OPERATIONS) {
      throw invalid(
        `A durable execution holds ${MAX_OPERATIONS} operations at most; ${execution.name} asked for more.`,
      );
    }
    // Everything is checked before anything is stored: a checkpoint is taken whole or not at all.
    for (const operation of staged.values()) this.#put(execution, activity, operation);
    for (const update of updates) {
      if (update.Type === "EXECUTION" && update.Payload !== undefined)
        this.#store.keepResult(execution, update.Payload);
    }
  }

  #endTimers(execution: Execution, activity: Activity): void {
    const now = this.clock.now();
    for (const operation of execution.operations.values()) {
      if ((dueAt(operation) ?? Number.POSITIVE_INFINITY) <= now) {
        this.#put(execution, activity, afterTimer(operation, now));
      }
    }
  }

  #put(execution: Execution, activity: Activity, operation: Operation): void {
    this.#store.put(execution, operation);
    activity.changed.add(operation.Id);
  }

  #close(
    execution: Execution,
    status: ExecutionStatus,
    outcome: { result?: string | undefined; error?: ErrorObject },
  ): void {
    if (isClosed(execution)) return;
    const activity = this.#activity(execution);
    activity.wake?.cancel();
    activity.deadline?.cancel();
    activity.token = undefined;
    this.#activities.delete(execution.arn);
    const { result, error } = outcome;
    this.#store.close(execution, {
      status,
      endedAt: this.clock.now(),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
    });
    this.#sendDeadLetter(execution);
    for (const resolve of this.#waiters.get(execution.arn) ?? []) resolve(execution);
    this.#waiters.delete(execution.arn);
  }

  /** At least once: a kill between sending and noting sends it again on resume. */
  #sendDeadLetter(execution: Execution): void {
    if (execution.status !== "FAILED" && execution.status !== "TIMED_OUT") return;
    if (this.#store.deadLettered(execution)) return;
    this.#options.deadLetter?.(execution);
    this.#store.markDeadLettered(execution);
  }

  #activity(execution: Execution): Activity {
    const known = this.#activities.get(execution.arn);
    if (known !== undefined) return known;
    const activity: Activity = { changed: new Set(), failures: 0 };
    if (!isClosed(execution)) this.#activities.set(execution.arn, activity);
    return activity;
  }

  #function(name: string): DurableFunction {
    const durable = this.#functions.get(name);
    if (durable !== undefined) return durable;
    throw new AwsError(
      "ResourceNotFoundException",
      `Function not found: ${name} (or it is not durable).`,
      404,
    );
  }
}

/** When a suspended execution has something to do again (milliseconds since the epoch). */
const nextWake = (execution: Execution, now: number): number | undefined => {
  const due = [...execution.operations.values()].flatMap(
    (operation) => (operation.Status === "READY" ? now : dueAt(operation)) ?? [],
  );
  return due.length === 0 ? undefined : Math.min(...due);
};

const versionOf = (durable: DurableFunction, qualifier: string | undefined): string => {
  if (qualifier === undefined)
    throw invalid("You cannot invoke a durable function using an unqualified ARN.");
  if (qualifier === "$LATEST" || /^\d+$/.test(qualifier)) return qualifier;
  const version = durable.aliases[qualifier];
  if (version !== undefined) return version;
  throw new AwsError(
    "ResourceNotFoundException",
    `The function ${durable.name} has no alias ${qualifier}.`,
    404,
  );
};

interface DurableOutput {
  Status?: string;
  Result?: string;
  Error?: ErrorObject;
}

const readOutput = (output: unknown): DurableOutput =>
  typeof output === "object" && output !== null ? output : {};

const invalid = (message: string): AwsError => new AwsError("InvalidParameterValueException", message);
