// Keeps each running execution going: invokes its function, waits out its timers, invokes again after a crash, and
// closes it when it is done, failed or out of time.

import { randomUUID } from "node:crypto";
import type { ErrorObject, OperationUpdate } from "@aws/durable-execution-sdk-js";
import type { Clock, Timer } from "../clock.ts";
import {
  type CheckpointHooks,
  type DurableFunction,
  type DurableInvocationInput,
  type Execution,
  type ExecutionStatus,
  isClosed,
  type Operation,
} from "./execution.ts";
import type { ExecutionStore } from "./execution-store.ts";
import { invocationEvent } from "./history.ts";
import { afterAnyTime } from "./long-timer.ts";
import { afterTimer, applyUpdates, dueAt, nextWake, visibleOperations } from "./operations.ts";

/** Runs the function's code once; rejects when it threw, crashed or timed out. */
export type InvokeDurable = (
  functionName: string,
  input: DurableInvocationInput,
  execution: Execution,
) => Promise<unknown>;

export interface RunnerOptions {
  clock: Clock;
  functions: ReadonlyMap<string, DurableFunction>;
  store: ExecutionStore;
  invoke: InvokeDurable;
  hooks?: CheckpointHooks | undefined;
  /** Milliseconds to wait before invoking again what threw, by how often it threw in a row. */
  retryDelayMilliseconds?: ((failuresInARow: number) => number) | undefined;
  /** More failures in a row than this fail the execution; 10 by default. */
  maxFailuresInARow?: number | undefined;
  onInvocationFailed?: ((execution: Execution, error: unknown) => void) | undefined;
  onClosed: (execution: Execution) => void;
}

/** What an invocation that is under way may do, and what it has not been told yet. */
interface Activity {
  /** Of the invocation under way; it changes with every checkpoint. */
  token?: string | undefined;
  changed: Set<string>;
  failures: number;
  wake?: Timer;
  deadline?: Timer;
}

export class ExecutionRunner {
  readonly #options: RunnerOptions;
  readonly #activities = new Map<string, Activity>();
  #inFlight = 0;
  #quietWaiters: (() => void)[] = [];
  #down = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  begin(execution: Execution): void {
    const durable = this.#options.functions.get(execution.functionName);
    const activity: Activity = { changed: new Set(), failures: 0 };
    this.#activities.set(execution.arn, activity);
    if (durable === undefined) {
      const ErrorMessage = `The function ${execution.functionName} no longer exists.`;
      this.close(execution, "FAILED", { error: { ErrorType: "ResourceNotFound", ErrorMessage } });
      return;
    }
    const { clock } = this.#options;
    const remaining = execution.startedAt + durable.executionTimeoutSeconds * 1000 - clock.now();
    activity.deadline = afterAnyTime(clock, remaining, () => {
      const ErrorMessage = `The execution timed out after ${durable.executionTimeoutSeconds} seconds.`;
      this.close(execution, "TIMED_OUT", { error: { ErrorType: "ExecutionTimedOut", ErrorMessage } });
    });
    this.#invoke(execution, activity);
  }

  /**
   * Takes a checkpoint whole or not at all.
   * @returns undefined: the token is not (or no longer) that of the invocation under way.
   */
  checkpoint(
    execution: Execution,
    token: string | undefined,
    updates: readonly OperationUpdate[],
  ): { token: string; operations: Operation[] } | undefined {
    const activity = this.#activities.get(execution.arn);
    if (activity?.token === undefined || activity.token !== token) return undefined;
    const { clock, hooks, store } = this.#options;
    try {
      hooks?.before?.(execution, updates);
      const operations = applyUpdates(execution.operations, updates, clock.now());
      for (const operation of operations) this.#put(execution, activity, operation);
      const result = updates.find(({ Type }) => Type === "EXECUTION")?.Payload;
      if (result !== undefined) store.keepResult(execution, result);
      this.#endTimers(execution, activity);
      hooks?.after?.(execution, updates);
    } catch (error) {
      // Whoever was refused a checkpoint, or crashed at it, has nothing more to say.
      activity.token = undefined;
      throw error;
    }
    activity.token = randomUUID();
    const operations = [...activity.changed].flatMap((id) => execution.operations.get(id) ?? []);
    activity.changed.clear();
    return { token: activity.token, operations };
  }

  close(
    execution: Execution,
    status: ExecutionStatus,
    { result, error }: { result?: string | undefined; error?: ErrorObject },
  ): void {
    const activity = this.#activities.get(execution.arn);
    if (activity !== undefined) this.#silence(activity);
    this.#activities.delete(execution.arn);
    this.#options.store.close(execution, {
      status,
      endedAt: this.#options.clock.now(),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
    });
    this.#options.onClosed(execution);
  }

  /** Invocations in flight. */
  running(): number {
    return this.#inFlight;
  }

  quiet(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quietWaiters.push(resolve));
  }

  shutDown(): void {
    this.#down = true;
    for (const activity of this.#activities.values()) this.#silence(activity);
  }

  #invoke(execution: Execution, activity: Activity): void {
    const { clock, invoke, store } = this.#options;
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
    const startedAt = clock.now();
    const ended = (handle: () => void, error?: unknown): void => {
      activity.token = undefined;
      this.#inFlight--;
      if (!this.#down && !isClosed(execution)) {
        store.note(execution, invocationEvent(token, startedAt, clock.now(), error));
        handle();
      }
      if (this.#inFlight === 0) for (const resolve of this.#quietWaiters.splice(0)) resolve();
    };
    // In a turn of its own: whoever starts an execution does not run its code.
    Promise.resolve()
      .then(() => invoke(execution.functionName, input, execution))
      .then(
        (output) => ended(() => this.#returned(execution, activity, output)),
        (error: unknown) => ended(() => this.#threw(execution, activity, error), error),
      );
  }

  #returned(execution: Execution, activity: Activity, output: unknown): void {
    activity.failures = 0;
    const { Status, Result, Error: error } = readOutput(output);
    const invalidOutput = (ErrorMessage: string): void =>
      this.close(execution, "FAILED", { error: { ErrorType: "InvalidOutput", ErrorMessage } });
    if (Status === "SUCCEEDED") {
      // A result that was checkpointed for its size comes back empty.
      this.close(execution, "SUCCEEDED", { result: Result || (execution.result ?? Result) });
    } else if (Status === "FAILED") {
      this.close(execution, "FAILED", { error: error ?? {} });
    } else if (Status !== "PENDING") {
      invalidOutput(`The function answered ${JSON.stringify(output)?.slice(0, 200)}, no durable output.`);
    } else {
      const now = this.#options.clock.now();
      const next = nextWake(execution.operations.values(), now);
      if (next === undefined) invalidOutput("The function suspended itself with nothing to wait for.");
      else this.#wakeAfter(execution, activity, next - now);
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
    this.close(execution, "FAILED", { error: { ErrorType: last.name, ErrorMessage } });
  }

  #wakeAfter(execution: Execution, activity: Activity, milliseconds: number): void {
    activity.wake = afterAnyTime(this.#options.clock, milliseconds, () => this.#invoke(execution, activity));
  }

  #endTimers(execution: Execution, activity: Activity): void {
    const now = this.#options.clock.now();
    for (const operation of execution.operations.values()) {
      if ((dueAt(operation) ?? Number.POSITIVE_INFINITY) <= now) {
        this.#put(execution, activity, afterTimer(operation, now));
      }
    }
  }

  #put(execution: Execution, activity: Activity, operation: Operation): void {
    this.#options.store.put(execution, operation);
    activity.changed.add(operation.Id);
  }

  #silence(activity: Activity): void {
    activity.wake?.cancel();
    activity.deadline?.cancel();
    activity.token = undefined;
  }
}

const backOff = (failures: number): number => Math.min(30_000, 250 * 2 ** (failures - 1));

interface DurableOutput {
  Status?: string;
  Result?: string;
  Error?: ErrorObject;
}

const readOutput = (output: unknown): DurableOutput =>
  typeof output === "object" && output !== null ? output : {};
