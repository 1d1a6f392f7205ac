// The durable executions, by ARN and by name, kept in a journal so that a new process goes on where one was killed.

import type { Clock } from "../clock.ts";
import type { DurableFunction, Execution, ExecutionEvent, Operation } from "./execution.ts";
import { closedEvent, operationEvent, startedEvent } from "./history.ts";
import type { Journal } from "./journal.ts";

type Opening = Omit<Execution, "operations" | "events" | "invocations" | "status">;
type Closing = Pick<Execution, "status" | "endedAt" | "result" | "error">;

type JournalRecord =
  | { opened: Opening }
  | { arn: string; at: number; operation: Operation }
  | { arn: string; result: string }
  | { arn: string; closed: Closing }
  | { arn: string; deadLettered: true };

export interface ExecutionStoreOptions {
  clock: Clock;
  functions: ReadonlyMap<string, DurableFunction>;
  journal?: Journal | undefined;
}

const DAY = 24 * 3600 * 1000;

export class ExecutionStore {
  readonly #options: ExecutionStoreOptions;
  readonly #byArn = new Map<string, Execution>();
  readonly #byName = new Map<string, Execution>();
  readonly #deadLettered = new Set<string>();

  constructor(options: ExecutionStoreOptions) {
    this.#options = options;
    for (const record of options.journal?.read() ?? []) this.#replay(record as JournalRecord);
  }

  /** All that retention has not ended for, oldest first. */
  all(): Execution[] {
    this.#forgetExpired();
    return [...this.#byArn.values()];
  }

  get(arn: string): Execution | undefined {
    return this.#byArn.get(arn);
  }

  /** Names are unique in account and region, and stay taken until retention ends. */
  named(name: string): Execution | undefined {
    this.#forgetExpired();
    return this.#byName.get(name);
  }

  open(opening: Opening): Execution {
    const execution = this.#add(opening);
    this.#write({ opened: opening });
    return execution;
  }

  put(execution: Execution, operation: Operation): void {
    const at = this.#options.clock.now();
    this.#set(execution, operation, at);
    this.#write({ arn: execution.arn, at, operation });
  }

  /** A result too large for the function's answer is checkpointed before the function returns. */
  keepResult(execution: Execution, result: string): void {
    execution.result = result;
    this.#write({ arn: execution.arn, result });
  }

  close(execution: Execution, closing: Closing): void {
    this.#close(execution, closing);
    this.#write({ arn: execution.arn, closed: closing });
  }

  /** Invocations are told in the history of this process's life only. */
  note(execution: Execution, event: ExecutionEvent): void {
    execution.events.push(event);
  }

  deadLettered(execution: Execution): boolean {
    return this.#deadLettered.has(execution.arn);
  }

  markDeadLettered(execution: Execution): void {
    this.#deadLettered.add(execution.arn);
    this.#write({ arn: execution.arn, deadLettered: true });
  }

  #add(opening: Opening): Execution {
    const execution: Execution = {
      ...opening,
      status: "RUNNING",
      operations: new Map(),
      events: [],
      invocations: 0,
    };
    const timeout = this.#options.functions.get(opening.functionName)?.executionTimeoutSeconds ?? 0;
    execution.events.push(startedEvent(execution, timeout));
    this.#byArn.set(execution.arn, execution);
    this.#byName.set(execution.name, execution);
    return execution;
  }

  #set(execution: Execution, operation: Operation, at: number): void {
    const event = operationEvent(execution.operations.get(operation.Id), operation, at);
    if (event !== undefined) execution.events.push(event);
    execution.operations.set(operation.Id, operation);
  }

  #close(execution: Execution, closing: Closing): void {
    Object.assign(execution, closing);
    execution.events.push(closedEvent(execution));
  }

  #forgetExpired(): void {
    const now = this.#options.clock.now();
    for (const execution of this.#byArn.values()) {
      const days = this.#options.functions.get(execution.functionName)?.retentionDays ?? 14;
      if (execution.endedAt === undefined || execution.endedAt + days * DAY > now) continue;
      this.#byArn.delete(execution.arn);
      if (this.#byName.get(execution.name) === execution) this.#byName.delete(execution.name);
    }
  }

  #write(record: JournalRecord): void {
    this.#options.journal?.append(record);
  }

  #replay(record: JournalRecord): void {
    if ("opened" in record) {
      this.#add(record.opened);
      return;
    }
    const execution = this.#byArn.get(record.arn);
    if (execution === undefined)
      throw new Error(`The journal names an execution it never opened: ${record.arn}`);
    if ("operation" in record) this.#set(execution, record.operation, record.at);
    else if ("closed" in record) this.#close(execution, record.closed);
    else if ("result" in record) execution.result = record.result;
    else this.#deadLettered.add(record.arn);
  }
}
