// What a durable handler needs to run inside this process: the two calls of the SDK's own client, answered by the
// service directly. No HTTP, so a virtual clock stays in charge.

import {
  type DurableExecutionClient,
  DurableExecutionInvocationInputWithClient,
  type DurableLambdaHandler,
} from "@aws/durable-execution-sdk-js";
import type { Clock } from "../clock.ts";
import { AwsError } from "../ports.ts";
import type { DurableService, InvokeDurable } from "./durable-service.ts";
import type { Operation } from "./execution.ts";

/**
 * The SDK compares timers with the machine's clock, so times of the service's clock are moved into the machine's:
 * a wait that has ten minutes left on the virtual clock has ten minutes left for the SDK.
 */
export const durableClientFor = (service: DurableService): DurableExecutionClient => ({
  getExecutionState: async (request) =>
    asSdkErrors(() => shiftState(service.getState(request), service.clock)),
  checkpoint: async (request) =>
    asSdkErrors(() => {
      const answer = service.checkpoint(request);
      return { ...answer, NewExecutionState: shiftState(answer.NewExecutionState, service.clock) };
    }),
});

export interface InProcessOptions {
  /** What `context.getRemainingTimeInMillis()` says. */
  remainingMilliseconds?: number;
}

/**
 * An `invoke` for DurableService that runs handlers in this process.
 * @param service A function, since the service needs its `invoke` before it exists.
 */
export const inProcessInvoke =
  (
    service: () => DurableService,
    handlers: Readonly<Record<string, DurableLambdaHandler>>,
    { remainingMilliseconds = 60_000 }: InProcessOptions = {},
  ): InvokeDurable =>
  async (functionName, input, execution) => {
    const handler = handlers[functionName];
    if (handler === undefined) {
      throw new Error(
        `No handler was given for ${functionName}; there are: ${Object.keys(handlers).join(", ")}.`,
      );
    }
    const { clock } = service();
    const InitialExecutionState = shiftState(input.InitialExecutionState, clock);
    const event = new DurableExecutionInvocationInputWithClient(
      { ...input, InitialExecutionState },
      durableClientFor(service()),
    );
    return handler(event, {
      awsRequestId: `${execution.name}-${execution.invocations}`,
      functionName,
      functionVersion: execution.version,
      invokedFunctionArn: execution.functionArn,
      memoryLimitInMB: "256",
      getRemainingTimeInMillis: () => remainingMilliseconds,
    });
  };

const shiftState = <State extends { Operations: Operation[] }>(state: State, clock: Clock): State => {
  const offset = Date.now() - clock.now();
  return {
    ...state,
    Operations: state.Operations.map((operation) => shift(structuredClone(operation), offset)),
  };
};

const shift = (operation: Operation, offset: number): Operation => {
  const move = (time: Date | string): string => new Date(new Date(time).getTime() + offset).toISOString();
  operation.StartTimestamp = move(operation.StartTimestamp);
  if (operation.EndTimestamp !== undefined) operation.EndTimestamp = move(operation.EndTimestamp);
  const { StepDetails: step, WaitDetails: wait } = operation;
  if (step?.NextAttemptTimestamp !== undefined) step.NextAttemptTimestamp = move(step.NextAttemptTimestamp);
  if (wait?.ScheduledEndTimestamp !== undefined)
    wait.ScheduledEndTimestamp = move(wait.ScheduledEndTimestamp);
  return operation;
};

/** The SDK tells a lost invocation from a failed execution by status code, as its Lambda client reports it. */
const asSdkErrors = <Answer>(run: () => Answer): Answer => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw Object.assign(new Error(error.message, { cause: error }), {
      name: error.code,
      $metadata: { httpStatusCode: error.status },
    });
  }
};
