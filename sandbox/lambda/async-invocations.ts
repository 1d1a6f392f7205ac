// Lambda's queue of asynchronous invocations: each event is tried, tried again after one and after two minutes, and
// then goes to the function's dead-letter queue or OnFailure destination. Durable functions are started instead.

import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { AwsError } from "../ports.ts";
import type { FunctionDefinition } from "../template/types.ts";
import type { DurableService } from "./durable-service.ts";
import { type SendMessage, sendFailure } from "./failure-destinations.ts";
import { parseFunctionReference } from "./function-reference.ts";
import type { Journal } from "./journal.ts";

/** Runs an ordinary function's code once; rejects when it threw, crashed or timed out. */
export type InvokeFunction = (functionName: string, event: unknown) => Promise<unknown>;

export interface AsyncInvocationsOptions {
  clock: Clock;
  functions: readonly FunctionDefinition[];
  invoke: InvokeFunction;
  /** Given: events for durable functions start executions there. */
  durable?: DurableService;
  send: SendMessage;
  /** Between the first tries; the last one goes for all later ones. Lambda's: 60 and 120 s. */
  retryDelaysSeconds?: readonly number[];
  /** Given: accepted events survive a kill of this process (see `resume`). */
  journal?: Journal;
  onFailed?: (functionName: string, error: unknown, attempt: number) => void;
}

interface Pending {
  id: string;
  functionName: string;
  payload: string;
  acceptedAt: number;
  attempt: number;
}

type JournalRecord = { accepted: Pending } | { finished: string };

export class AsyncInvocations {
  readonly #options: AsyncInvocationsOptions;
  readonly #unfinished = new Map<string, Pending>();
  #inFlight = 0;
  #quietWaiters: (() => void)[] = [];

  constructor(options: AsyncInvocationsOptions) {
    this.#options = options;
    for (const record of (options.journal?.read() ?? []) as JournalRecord[]) {
      if ("accepted" in record) this.#unfinished.set(record.accepted.id, record.accepted);
      else this.#unfinished.delete(record.finished);
    }
  }

  /** Tries again what an earlier process had accepted and not finished. Call once, when functions can be invoked. */
  resume(): void {
    for (const pending of this.#unfinished.values()) void this.#try({ ...pending, attempt: 0 });
  }

  /**
   * @param reference A function's name or ARN, with or without a qualifier.
   * @throws AwsError `ResourceNotFoundException`
   */
  accept(reference: string, payload: string): void {
    const { name, qualifier } = parseFunctionReference(reference);
    if (this.#options.durable?.isDurable(name)) {
      this.#options.durable.start({ functionName: name, qualifier, payload });
      return;
    }
    this.#function(name);
    const acceptedAt = this.#options.clock.now();
    const pending: Pending = { id: randomUUID(), functionName: name, payload, acceptedAt, attempt: 0 };
    this.#unfinished.set(pending.id, pending);
    this.#options.journal?.append({ accepted: pending } satisfies JournalRecord);
    void this.#try(pending);
  }

  /** Accepted and not yet handled, those waiting for their next try too. */
  unfinished(): number {
    return this.#unfinished.size;
  }

  /** Invocations in flight. */
  running(): number {
    return this.#inFlight;
  }

  /** Resolves when no invocation is in flight. */
  quiet(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quietWaiters.push(resolve));
  }

  async #try(pending: Pending): Promise<void> {
    this.#inFlight++;
    try {
      await this.#options.invoke(pending.functionName, JSON.parse(pending.payload));
      this.#finish(pending);
    } catch (error) {
      this.#options.onFailed?.(pending.functionName, error, pending.attempt);
      this.#failed(pending, error);
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) for (const resolve of this.#quietWaiters.splice(0)) resolve();
    }
  }

  #failed(pending: Pending, error: unknown): void {
    const { clock, retryDelaysSeconds = [60, 120] } = this.#options;
    const definition = this.#function(pending.functionName);
    const delay = (retryDelaysSeconds[pending.attempt] ?? retryDelaysSeconds.at(-1) ?? 0) * 1000;
    const tooOld = clock.now() + delay - pending.acceptedAt > definition.maximumEventAgeSeconds * 1000;
    const exhausted = pending.attempt >= definition.maximumRetryAttempts;
    if (!exhausted && !tooOld) {
      clock.after(delay, () => void this.#try({ ...pending, attempt: pending.attempt + 1 }));
      return;
    }
    sendFailure(this.#options.send, definition, {
      requestId: pending.id,
      payload: pending.payload,
      error: error instanceof Error ? error : { name: "Error", message: String(error) },
      condition: exhausted ? "RetriesExhausted" : "EventAgeExceeded",
      invocations: pending.attempt + 1,
      at: clock.now(),
    });
    this.#finish(pending);
  }

  #finish({ id }: Pending): void {
    this.#unfinished.delete(id);
    this.#options.journal?.append({ finished: id } satisfies JournalRecord);
  }

  #function(name: string): FunctionDefinition {
    const definition = this.#options.functions.find((each) => each.name === name);
    if (definition !== undefined) return definition;
    throw new AwsError("ResourceNotFoundException", `Function not found: ${name}`, 404);
  }
}
