// Lambda's durable executions, locally: started by name, checkpointed, suspended on timers, invoked again after a
// crash. The state machine has no I/O of its own: clock, invocation and journal are handed in.

import { randomUUID } from "node:crypto";
import type {
  CheckpointDurableExecutionRequest,
  ErrorObject,
  GetDurableExecutionStateRequest,
} from "@aws/durable-execution-sdk-js";
import type { Clock } from "../clock.ts";
import { AwsError } from "../ports.ts";
import {
  type CheckpointHooks,
  type DurableFunction,
  type Execution,
  isClosed,
  type Operation,
} from "./execution.ts";
import { ExecutionRunner, type InvokeDurable } from "./execution-runner.ts";
import { ExecutionStore } from "./execution-store.ts";
import type { Journal } from "./journal.ts";
import { iso, visibleOperations } from "./operations.ts";

export type { InvokeDurable } from "./execution-runner.ts";

export interface DurableServiceOptions {
  functions: readonly DurableFunction[];
  clock: Clock;
  invoke: InvokeDurable;
  account?: string;
  region?: string;
  /** Given: executions survive a kill of this process (see `resume`). */
  journal?: Journal;
  hooks?: CheckpointHooks;
  /** An execution ended FAILED or TIMED_OUT: where its dead letter goes (see durable-functions.ts). */
  deadLetter?: (execution: Execution) => void;
  /** How long to wait before invoking again what threw, by how often it threw in a row. */
  retryDelayMilliseconds?: (failuresInARow: number) => number;
  /** More failures in a row than this fail the execution; 10 by default. */
  maxFailuresInARow?: number;
  /** Told of each invocation that threw, crashed or timed out. */
  onInvocationFailed?: (execution: Execution, error: unknown) => void;
}

export interface StartRequest {
  functionName: string;
  /** An alias or a version; Lambda refuses to start a durable function without one. */
  qualifier?: string | undefined;
  name?: string | undefined;
  payload: string;
}

interface State {
  Operations: Operation[];
  NextMarker: string;
}

export class DurableService {
  readonly clock: Clock;
  readonly #options: DurableServiceOptions;
  readonly #functions: ReadonlyMap<string, DurableFunction>;
  readonly #store: ExecutionStore;
  readonly #runner: ExecutionRunner;
  readonly #waiters = new Map<string, ((execution: Execution) => void)[]>();

  constructor(options: DurableServiceOptions) {
    const { clock, journal, invoke, hooks, retryDelayMilliseconds, maxFailuresInARow, onInvocationFailed } =
      options;
    this.#options = options;
    this.clock = clock;
    const functions = new Map(options.functions.map((each) => [each.name, each]));
    this.#functions = functions;
    const store = new ExecutionStore({ clock, functions, journal });
    this.#store = store;
    this.#runner = new ExecutionRunner({
      clock,
      functions,
      store,
      invoke,
      hooks,
      retryDelayMilliseconds,
      maxFailuresInARow,
      onInvocationFailed,
      onClosed: (execution) => this.#closed(execution),
    });
  }

  /** Goes on with what the journal says was running. Call once, when functions can be invoked. */
  resume(): void {
    for (const execution of this.#store.all()) {
      if (isClosed(execution)) this.#sendDeadLetter(execution);
      else this.#runner.begin(execution);
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
    const version = versionOf(this.#function(functionName), qualifier);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
      throw invalid(
        `The durable execution name "${name}" must be 1 to 64 characters of A-Z, a-z, 0-9, - and _.`,
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
    this.#runner.begin(execution);
    return execution;
  }

  /** CheckpointDurableExecution. */
  checkpoint({
    DurableExecutionArn = "",
    CheckpointToken,
    Updates = [],
  }: CheckpointDurableExecutionRequest): {
    CheckpointToken: string;
    NewExecutionState: State;
  } {
    const answer = this.#runner.checkpoint(this.get(DurableExecutionArn), CheckpointToken, Updates);
    // In these words the SDK knows that another invocation has taken over, and ends this one.
    if (answer === undefined) throw invalid("Invalid Checkpoint Token");
    const { token, operations } = answer;
    return { CheckpointToken: token, NewExecutionState: { Operations: operations, NextMarker: "" } };
  }

  /** GetDurableExecutionState: what the function may see of its own state. */
  getState({ DurableExecutionArn = "" }: GetDurableExecutionStateRequest): State {
    return { Operations: visibleOperations(this.get(DurableExecutionArn).operations), NextMarker: "" };
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
    if (!isClosed(execution)) this.#runner.close(execution, "STOPPED", { error });
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
    return this.#runner.running();
  }

  /** Resolves when no invocation is in flight: everything is closed or waits for a timer. */
  quiet(): Promise<void> {
    return this.#runner.quiet();
  }

  /** Cancels all timers and invokes nothing any more, as a kill of the process would. The journal stays. */
  shutDown(): void {
    this.#runner.shutDown();
  }

  #closed(execution: Execution): void {
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

const invalid = (message: string): AwsError => new AwsError("InvalidParameterValueException", message);
