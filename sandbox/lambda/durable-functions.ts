// From the packaged template's functions to what DurableService needs of them.

import type { FunctionDefinition } from "../template/types.ts";
import type { DurableFunction, Execution } from "./execution.ts";
import { type SendMessage, sendFailure } from "./failure-destinations.ts";

/** Those of the functions that are durable. */
export const durableFunctions = (functions: readonly FunctionDefinition[]): DurableFunction[] =>
  functions.flatMap(({ name, aliases, durable }) =>
    durable === undefined ? [] : [{ name, aliases, ...durable }],
  );

/** DurableService's `deadLetter`: the destinations that the template gives the failed execution's function. */
export const deadLetterOf =
  (functions: readonly FunctionDefinition[], send: SendMessage) =>
  (execution: Execution): void => {
    const definition = functions.find(({ name }) => name === execution.functionName);
    if (definition === undefined) return;
    const { ErrorType = execution.status, ErrorMessage = `The execution ended ${execution.status}.` } =
      execution.error ?? {};
    sendFailure(send, definition, {
      requestId: execution.arn,
      payload: execution.payload,
      error: { name: ErrorType, message: ErrorMessage },
      condition: "RetriesExhausted",
      invocations: execution.invocations,
      at: execution.endedAt ?? execution.startedAt,
    });
  };
