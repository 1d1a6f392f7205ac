// What the SDK v3 clients know about their services: protocol, operations, shapes and error codes. Each client
// package exports its schemas, so that one generic server can speak for all of them without hand-written shapes.

import { NormalizedSchema } from "@smithy/core/schema";

export type Schema = NormalizedSchema;

type SchemaReference = Parameters<typeof NormalizedSchema.of>[0];

export type ProtocolName = "awsQuery" | "awsJson1_0" | "awsJson1_1" | "restJson1";

export interface HttpBinding {
  method: string;
  /** For example `/2015-03-31/functions/{FunctionName}/invocations`. */
  path: string;
  status: number;
}

export interface OperationDescription {
  name: string;
  input: Schema;
  output: Schema;
  http?: HttpBinding;
}

interface ErrorDescription {
  /** What the client's error is named, for example `InvalidEndPointException`. */
  name: string;
  /** What the wire calls it; differs for some query services (`InvalidInstance`). */
  code: string;
  status: number;
}

export interface ServiceDescription {
  signingName: string;
  protocol: ProtocolName;
  xmlNamespace: string;
  operations: ReadonlyMap<string, OperationDescription>;
  errors: readonly ErrorDescription[];
}

/** The parts of a client's configuration that are read; they are not in the clients' public types. */
export interface ClientConfiguration {
  defaultSigningName: string;
  protocol: { getShapeId(): string };
  protocolSettings: { xmlNamespace?: string };
}

const OPERATION = 9;
const ERROR = -3;
const SHAPE_ID = 2;
const TRAITS = 3;
const INPUT = 4;
const OUTPUT = 5;
const REQUIRED_COUNT = 6;

/** Reads a client package (its exports, and one client's configuration) into a description. */
export const describeService = (
  exports: Readonly<Record<string, unknown>>,
  config: ClientConfiguration,
): ServiceDescription => {
  const operations = new Map<string, OperationDescription>();
  const errors: ErrorDescription[] = [];
  for (const value of Object.values(exports)) {
    if (!Array.isArray(value)) continue;
    if (value[0] === OPERATION) {
      const operation = describeOperation(value);
      operations.set(operation.name, operation);
    } else if (value[0] === ERROR) errors.push(describeError(value));
  }
  const shapeId = config.protocol.getShapeId();
  return {
    signingName: config.defaultSigningName,
    protocol: protocolName(shapeId),
    xmlNamespace: config.protocolSettings.xmlNamespace ?? "",
    operations,
    errors,
  };
};

const protocolName = (shapeId: string): ProtocolName => {
  const name = shapeId.split("#")[1];
  if (name === "awsQuery" || name === "awsJson1_0" || name === "awsJson1_1" || name === "restJson1")
    return name;
  throw new Error(
    `The sandbox's endpoint does not speak ${shapeId}; it speaks query, JSON 1.0/1.1 and REST-JSON.`,
  );
};

export const describeOperation = (schema: readonly unknown[]): OperationDescription => {
  const name = String(schema[SHAPE_ID]);
  const traits: unknown = schema[TRAITS];
  const http = typeof traits === "object" && traits !== null && "http" in traits ? traits.http : undefined;
  return {
    name,
    // A static schema's fifth and sixth elements are its input and output, by the SDK's own convention.
    input: NormalizedSchema.of(schema[INPUT] as SchemaReference),
    output: NormalizedSchema.of(schema[OUTPUT] as SchemaReference),
    ...(Array.isArray(http)
      ? { http: { method: String(http[0]), path: String(http[1]), status: Number(http[2]) } }
      : {}),
  };
};

const describeError = (schema: readonly unknown[]): ErrorDescription => {
  const name = String(schema[SHAPE_ID]);
  const traits = (typeof schema[TRAITS] === "object" ? schema[TRAITS] : {}) as {
    awsQueryError?: [string, number];
    httpError?: number;
    error?: string;
  };
  const [code, queryStatus] = traits.awsQueryError ?? [name, undefined];
  return { name, code, status: queryStatus ?? traits.httpError ?? (traits.error === "server" ? 500 : 400) };
};

/** The members that a structure's schema marks as required: the SDK sorts them first and counts them. */
export const requiredMembers = (schema: Schema): string[] => {
  const shape: unknown = schema.getSchema();
  if (!Array.isArray(shape) || shape[0] !== 3) return [];
  const count = Number(shape[REQUIRED_COUNT] ?? 0);
  return (shape[4] as string[]).slice(0, count);
};
