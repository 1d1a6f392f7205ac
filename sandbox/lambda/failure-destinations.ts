// Where a failed asynchronous invocation ends: the function's dead-letter queue, and its OnFailure destination.

import type { FunctionDefinition } from "../template/types.ts";

/** Sends a message to a queue, by ARN. */
export type SendMessage = (queueArn: string, body: string, attributes: Record<string, string>) => void;

export interface Failure {
  requestId: string;
  /** The event that could not be handled. */
  payload: string;
  error: { name: string; message: string };
  condition: "RetriesExhausted" | "EventAgeExceeded";
  invocations: number;
  /** Milliseconds since the epoch. */
  at: number;
}

type Destinations = Pick<FunctionDefinition, "arn" | "deadLetterArn" | "onFailureArn">;

export const sendFailure = (
  send: SendMessage,
  { arn, deadLetterArn, onFailureArn }: Destinations,
  failure: Failure,
): void => {
  const { requestId, payload, error, condition, invocations, at } = failure;
  if (deadLetterArn !== undefined) {
    send(deadLetterArn, payload, {
      RequestID: requestId,
      ErrorCode: "200",
      ErrorMessage: error.message.slice(0, 1024),
    });
  }
  if (onFailureArn !== undefined) {
    const record = {
      version: "1.0",
      timestamp: new Date(at).toISOString(),
      requestContext: { requestId, functionArn: arn, condition, approximateInvokeCount: invocations },
      requestPayload: parse(payload),
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: error.name, errorMessage: error.message },
    };
    send(onFailureArn, JSON.stringify(record), {});
  }
};

const parse = (payload: string): unknown => {
  try {
    return JSON.parse(payload);
  } catch (error) {
    if (error instanceof SyntaxError) return payload;
    throw error;
  }
};
