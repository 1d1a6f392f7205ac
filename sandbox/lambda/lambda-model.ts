// Lambda's API: invoking functions, and the durable executions' own operations. Shapes are the SDK client's; where
// members stand in HTTP is the endpoint's affair.

import type {
  CheckpointDurableExecutionRequest,
  GetDurableExecutionHistoryRequest,
  GetDurableExecutionStateRequest,
  InvocationRequest,
  ListDurableExecutionsByFunctionRequest,
  StopDurableExecutionRequest,
} from "@aws-sdk/client-lambda";
import { AwsError, type ServiceModel } from "../ports.ts";
import type { FunctionDefinition } from "../template/types.ts";
import type { AsyncInvocations, InvokeFunction } from "./async-invocations.ts";
import type { DurableService } from "./durable-service.ts";
import type { Execution } from "./execution.ts";
import { parseFunctionReference } from "./function-reference.ts";
import { iso } from "./operations.ts";

export interface LambdaModelOptions {
  functions: readonly FunctionDefinition[];
  durable: DurableService;
  asynchronous: AsyncInvocations;
  /** For synchronous invocations of ordinary functions. */
  invoke: InvokeFunction;
}

export const lambdaModel = (options: LambdaModelOptions): ServiceModel => {
  const { functions, durable } = options;

  const find = (reference: string | undefined): FunctionDefinition => {
    const { name } = parseFunctionReference(reference ?? "");
    const definition = functions.find((each) => each.name === name);
    if (definition !== undefined) return definition;
    throw new AwsError("ResourceNotFoundException", `Function not found: ${name}`, 404);
  };

  return {
    signingName: "lambda",
    operations: {
      Invoke: (input: InvocationRequest) => invoke(options, find(input.FunctionName), input),
      CheckpointDurableExecution: (input: CheckpointDurableExecutionRequest) => durable.checkpoint(input),
      GetDurableExecutionState: (input: GetDurableExecutionStateRequest) => durable.getState(input),
      GetDurableExecution: ({ DurableExecutionArn = "" }: { DurableExecutionArn?: string }) =>
        describeExecution(durable.get(DurableExecutionArn)),
      GetDurableExecutionHistory: (input: GetDurableExecutionHistoryRequest) => {
        const events = durable.get(input.DurableExecutionArn ?? "").events.map((event, index) => ({
          EventId: index + 1,
          ...event,
        }));
        const { page, NextMarker } = paginate(input.ReverseOrder ? events.reverse() : events, input);
        return { Events: page, NextMarker };
      },
      ListDurableExecutionsByFunction: (input: ListDurableExecutionsByFunctionRequest) => {
        const { page, NextMarker } = paginate(
          select(durable.executions(find(input.FunctionName).name), input),
          input,
        );
        return { DurableExecutions: page.map(summarizeExecution), NextMarker };
      },
      StopDurableExecution: ({ DurableExecutionArn = "", Error: error }: StopDurableExecutionRequest) => ({
        StopTimestamp: durable.stop(DurableExecutionArn, error),
      }),
      ListFunctions: () => ({ Functions: functions.map(describeFunction) }),
      GetFunction: ({ FunctionName }: { FunctionName?: string }) => ({
        Configuration: describeFunction(find(FunctionName)),
      }),
      GetFunctionConfiguration: ({ FunctionName }: { FunctionName?: string }) =>
        describeFunction(find(FunctionName)),
    },
  };
};

const invoke = async (
  options: LambdaModelOptions,
  definition: FunctionDefinition,
  input: InvocationRequest,
): Promise<object> => {
  const { qualifier } = parseFunctionReference(input.FunctionName ?? "", input.Qualifier);
  const payload = payloadText(input.Payload);
  if (input.InvocationType === "DryRun") return { StatusCode: 204 };
  if (definition.durable !== undefined) {
    const { name: functionName } = definition;
    const execution = options.durable.start({
      functionName,
      qualifier,
      name: input.DurableExecutionName,
      payload,
    });
    const answer = { DurableExecutionArn: execution.arn, ExecutedVersion: execution.version };
    if (input.InvocationType === "Event") return { StatusCode: 202, ...answer };
    const closed = await options.durable.done(execution.arn);
    if (closed.status === "SUCCEEDED")
      return { StatusCode: 200, ...answer, Payload: Buffer.from(closed.result ?? "null") };
    return { StatusCode: 200, ...answer, FunctionError: "Unhandled", Payload: json(closed.error) };
  }
  if (input.DurableExecutionName !== undefined) {
    throw new AwsError(
      "InvalidParameterValueException",
      `${definition.name} is no durable function; it takes no execution name.`,
    );
  }
  if (input.InvocationType === "Event") {
    options.asynchronous.accept(definition.name, payload);
    return { StatusCode: 202 };
  }
  try {
    const result = await options.invoke(definition.name, JSON.parse(payload));
    return { StatusCode: 200, ExecutedVersion: "$LATEST", Payload: json(result ?? null) };
  } catch (error) {
    // A function that throws is an answer, not an error of Lambda's.
    const {
      name: errorType,
      message: errorMessage,
      stack,
    } = error instanceof Error ? error : new Error(String(error));
    const Payload = json({ errorType, errorMessage, trace: stack?.split("\n") });
    return { StatusCode: 200, ExecutedVersion: "$LATEST", FunctionError: "Unhandled", Payload };
  }
};

const payloadText = (payload: InvocationRequest["Payload"] | string): string => {
  const text =
    payload === undefined ? "" : typeof payload === "string" ? payload : Buffer.from(payload).toString();
  try {
    if (text !== "") JSON.parse(text);
  } catch (cause) {
    const error = new AwsError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${String(cause)}`,
    );
    error.cause = cause;
    throw error;
  }
  return text === "" ? "{}" : text;
};

/** Newest first, unless asked for the other way round. */
const select = (
  executions: readonly Execution[],
  input: ListDurableExecutionsByFunctionRequest,
): Execution[] => {
  const { Qualifier, DurableExecutionName, Statuses = [], StartedAfter, StartedBefore, ReverseOrder } = input;
  const chosen = executions.filter(
    ({ version, name, status, startedAt }) =>
      (Qualifier === undefined || !/^\d+$/.test(Qualifier) || Qualifier === version) &&
      (DurableExecutionName === undefined || DurableExecutionName === name) &&
      (Statuses.length === 0 || Statuses.includes(status)) &&
      (StartedAfter === undefined || startedAt > StartedAfter.getTime()) &&
      (StartedBefore === undefined || startedAt < StartedBefore.getTime()),
  );
  return ReverseOrder ? chosen : chosen.reverse();
};

/** Markers are offsets. */
const paginate = <Item>(
  items: readonly Item[],
  { Marker, MaxItems = 100 }: { Marker?: string | undefined; MaxItems?: number | undefined },
): { page: Item[]; NextMarker: string | undefined } => {
  const from = Number(Marker ?? 0);
  const to = from + MaxItems;
  return { page: items.slice(from, to), NextMarker: to < items.length ? String(to) : undefined };
};

const summarizeExecution = ({ arn, name, functionArn, status, startedAt, endedAt }: Execution): object => ({
  DurableExecutionArn: arn,
  DurableExecutionName: name,
  FunctionArn: functionArn,
  Status: status,
  StartTimestamp: new Date(startedAt),
  ...(endedAt === undefined ? {} : { EndTimestamp: new Date(endedAt) }),
});

const describeExecution = (execution: Execution): object => ({
  ...summarizeExecution(execution),
  InputPayload: execution.payload,
  Result: execution.result,
  Error: execution.error,
  Version: execution.version,
});

const describeFunction = (definition: FunctionDefinition): object => ({
  FunctionName: definition.name,
  FunctionArn: definition.arn,
  Runtime: "nodejs24.x",
  Role: definition.roleArn,
  Handler: definition.handler,
  Timeout: definition.timeoutSeconds,
  MemorySize: definition.memoryMegabytes,
  Version: "$LATEST",
  State: "Active",
  LastModified: iso(0),
  Environment: { Variables: definition.environment },
  ...(definition.deadLetterArn === undefined
    ? {}
    : { DeadLetterConfig: { TargetArn: definition.deadLetterArn } }),
  ...(definition.durable === undefined
    ? {}
    : {
        DurableConfig: {
          ExecutionTimeout: definition.durable.executionTimeoutSeconds,
          RetentionPeriodInDays: definition.durable.retentionDays,
        },
      }),
});

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
