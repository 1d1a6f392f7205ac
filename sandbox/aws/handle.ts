// Every AWS call of the sandbox goes through one function, whether it came over HTTP or from within the process:
// there it is validated, intercepted (throttling, stale reads, IAM, counting), answered by its model, and noted.

import type { Clock } from "../clock.ts";
import { AwsError, type Caller, type ServiceModel } from "../ports.ts";
import type { Catalogue } from "./catalogue.ts";
import { validateRequired } from "./validate.ts";

export interface Call {
  /** The signing name, for example `autoscaling`. */
  service: string;
  operation: string;
  input: unknown;
  caller: Caller;
}

/** Sees each call before its model does; may change it, answer it, delay it, or throw an AwsError. */
export type Interceptor = (call: Call, next: (call: Call) => Promise<unknown>) => Promise<unknown>;

export interface CallRecord {
  /** When the call came in, milliseconds since the epoch. */
  time: number;
  milliseconds: number;
  principal: string;
  service: string;
  operation: string;
  input: unknown;
  error?: { code: string; message: string };
}

export type Handle = (service: string, operation: string, input: unknown, caller: Caller) => Promise<unknown>;

export interface HandleOptions {
  models: readonly ServiceModel[];
  clock: Clock;
  /** Given: required members of inputs are checked as AWS checks them. */
  catalogue?: Catalogue;
  /** The first one sees the call first. */
  interceptors?: readonly Interceptor[];
  onCall?: (record: CallRecord) => void;
  /** Errors that are no AwsError: faults of the sandbox itself. */
  onError?: (error: unknown, call: Call) => void;
}

/** The sandbox's own calls, and the people who drive it. */
export const OPERATOR: Caller = { accessKeyId: "OPERATOR", principal: "operator" };

export const createHandle = ({
  models,
  clock,
  catalogue,
  interceptors = [],
  onCall,
  onError,
}: HandleOptions): Handle => {
  const byName = new Map(models.map((model) => [model.signingName, model]));

  const answer = async ({ service, operation, input, caller }: Call): Promise<unknown> => {
    const model = byName.get(service);
    if (model === undefined) {
      throw new AwsError(
        "InvalidAction",
        `The sandbox has no model of the service ${service} (asked for ${operation}).`,
      );
    }
    const run = Object.hasOwn(model.operations, operation) ? model.operations[operation] : undefined;
    if (run === undefined) throw unknownOperation(service, operation, catalogue);
    const description = catalogue?.get(service);
    const schema = description?.operations.get(operation)?.input;
    if (description !== undefined && schema !== undefined)
      validateRequired(schema, input, description.protocol);
    return run(input, caller);
  };

  const chain = interceptors.reduceRight<(call: Call) => Promise<unknown>>(
    (next, interceptor) => async (call) => interceptor(call, next),
    answer,
  );

  return async (service, operation, input, caller) => {
    const call: Call = { service, operation, input, caller };
    const time = clock.now();
    const note = (error?: unknown): void =>
      onCall?.({
        time,
        milliseconds: clock.now() - time,
        principal: caller.principal,
        service,
        operation,
        input,
        ...(error === undefined ? {} : { error: describeError(error) }),
      });
    try {
      const output = await chain(call);
      note();
      return output;
    } catch (error) {
      note(error);
      if (error instanceof AwsError) throw error;
      onError?.(error, call);
      const failure = new AwsError(
        "InternalFailure",
        `${service} ${operation} failed inside the sandbox: ${String(error)}`,
        500,
      );
      failure.cause = error;
      throw failure;
    }
  };
};

const describeError = (error: unknown): { code: string; message: string } =>
  error instanceof AwsError
    ? { code: error.code, message: error.message }
    : { code: "InternalFailure", message: String(error) };

/** Query services answer `InvalidAction`, the others `UnknownOperationException`. */
const unknownOperation = (service: string, operation: string, catalogue: Catalogue | undefined): AwsError => {
  const query = catalogue?.get(service)?.protocol === "awsQuery";
  return new AwsError(
    query ? "InvalidAction" : "UnknownOperationException",
    `The sandbox's model of ${service} does not know the operation ${operation}.`,
    query ? 400 : 404,
  );
};
