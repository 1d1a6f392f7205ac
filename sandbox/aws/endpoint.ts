// The local AWS endpoint: takes signed HTTP requests of SDK clients and the aws CLI, finds service and operation,
// and answers in the service's own protocol. Signatures are not checked; the access key id says who calls.

import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { AwsError, type Caller } from "../ports.ts";
import type { Catalogue } from "./catalogue.ts";
import { clientName, wireCode } from "./error-codes.ts";
import type { Handle } from "./handle.ts";
import { readJson, writeJson } from "./json.ts";
import { type Form, parseForm, readQuery } from "./query.ts";
import { matchOperation, readRestInput, type Target, writeRestOutput } from "./rest-json.ts";
import { answerS3 } from "./s3-rest.ts";
import type { OperationDescription, ServiceDescription } from "./schema.ts";
import { writeQueryError, writeQueryErrors, writeQueryOutput } from "./xml.ts";

export interface EndpointOptions {
  handle: Handle;
  catalogue: Catalogue;
  /** Whose key it is; undefined: nobody's. */
  identify: (accessKeyId: string) => Caller | undefined;
  /** Faults of the endpoint itself, after they were answered with 500. */
  onError?: (error: unknown) => void;
}

interface Signature {
  accessKeyId: string;
  region: string;
  service: string;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** @example http.createServer(createEndpoint({ … })).listen(4566, "10.78.0.1") */
export const createEndpoint = (options: EndpointOptions): RequestListener => {
  return (request, response) => {
    answerRequest(options, request)
      .catch((error: unknown): Answer => {
        options.onError?.(error);
        return {
          status: 500,
          headers: { "content-type": "text/plain" },
          body: `InternalFailure: ${String(error)}\n`,
        };
      })
      .then((answer) => send(response, answer))
      .catch((error: unknown) => options.onError?.(error));
  };
};

const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
  response.writeHead(status, {
    "x-amzn-requestid": randomUUID(),
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
};

const answerRequest = async (options: EndpointOptions, request: IncomingMessage): Promise<Answer> => {
  const body = await readBody(request);
  const signature = readSignature(request);
  if (signature === undefined) {
    return plain(
      403,
      "MissingAuthenticationToken: sign the request (SigV4); the credential's scope names the service.",
    );
  }
  const known = options.identify(signature.accessKeyId);
  const caller = known && { ...known, region: signature.region };
  // Not `new URL`: it would resolve the `..` that a key of S3 may contain.
  const [path = "/", query = ""] = splitOnce(request.url ?? "/", "?");
  const target: Target = { path, query: new URLSearchParams(query) };
  if (signature.service === "s3") return answerS3(options.handle, caller, request, target, body);
  // Older clients speak SQS with the query protocol, newer ones with JSON: the request tells.
  const form = isForm(request) ? parseForm(body.toString()) : undefined;
  const service = options.catalogue.get(signature.service);
  if (service === undefined) {
    const services = [...options.catalogue.keys(), "s3"].join(", ");
    return unknownService(
      form !== undefined,
      `The sandbox has no service ${signature.service}; it has ${services}.`,
    );
  }
  try {
    if (caller === undefined) {
      throw new AwsError(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        403,
      );
    }
    if (form !== undefined) return await answerQuery(options.handle, service, form, caller);
    if (service.protocol === "restJson1")
      return await answerRest(options.handle, service, request, target, body, caller);
    return await answerJson(options.handle, service, request, body, caller);
  } catch (error) {
    if (!(error instanceof AwsError)) options.onError?.(error);
    return errorAnswer(service, form !== undefined, asAwsError(error));
  }
};

const answerQuery = async (
  handle: Handle,
  service: ServiceDescription,
  form: Form,
  caller: Caller,
): Promise<Answer> => {
  const operation = operationOf(service, form.get("Action") ?? "");
  const output = await handle(service.signingName, operation.name, readQuery(operation.input, form), caller);
  const body = writeQueryOutput(operation, service.xmlNamespace, output, randomUUID());
  return { status: 200, headers: { "content-type": "text/xml" }, body };
};

const answerJson = async (
  handle: Handle,
  service: ServiceDescription,
  request: IncomingMessage,
  body: Buffer,
  caller: Caller,
): Promise<Answer> => {
  const operation = operationOf(
    service,
    String(request.headers["x-amz-target"] ?? "")
      .split(".")
      .at(-1) ?? "",
  );
  const input = readJson(operation.input, parseJson(body));
  const output = await handle(service.signingName, operation.name, input, caller);
  return {
    status: 200,
    headers: jsonHeaders(service),
    body: JSON.stringify(writeJson(operation.output, output ?? {})),
  };
};

const answerRest = async (
  handle: Handle,
  service: ServiceDescription,
  request: IncomingMessage,
  target: Target,
  body: Buffer,
  caller: Caller,
): Promise<Answer> => {
  const method = request.method ?? "GET";
  const match = matchOperation(service, method, target.path);
  if (match === undefined) {
    throw new AwsError(
      "UnknownOperationException",
      `${service.signingName} has no ${method} ${target.path}.`,
      404,
    );
  }
  const input = readRestInput(match, {
    method,
    ...target,
    headers: request.headers,
    body,
  });
  return writeRestOutput(
    match.operation,
    await handle(service.signingName, match.operation.name, input, caller),
  );
};

const operationOf = (service: ServiceDescription, name: string): OperationDescription => {
  const operation = service.operations.get(name);
  if (operation !== undefined) return operation;
  const code = service.protocol === "awsQuery" ? "InvalidAction" : "UnknownOperationException";
  throw new AwsError(code, `${service.signingName} has no operation named "${name}".`);
};

const errorAnswer = (service: ServiceDescription, query: boolean, error: AwsError): Answer => {
  const code = query ? wireCode(service, error.code) : clientName(service, error.code);
  const { status, message } = error;
  if (query) {
    return {
      status,
      headers: { "content-type": "text/xml" },
      body: writeQueryError(code, message, status, randomUUID()),
    };
  }
  const body = JSON.stringify({ __type: code, message, Message: message });
  return { status, headers: { ...jsonHeaders(service), "x-amzn-errortype": code }, body };
};

/** In the protocol of the question, or the client shows its own confusion instead of the message. */
const unknownService = (query: boolean, message: string): Answer => {
  const [status, code] = [400, "InvalidAction"];
  if (!query) {
    const body = JSON.stringify({ __type: code, message, Message: message });
    return { status, headers: { "content-type": "application/json", "x-amzn-errortype": code }, body };
  }
  // EC2 has its errors in a list, the other query services have one alone: clients of both read this.
  const body = writeQueryErrors(code, message, randomUUID());
  return { status, headers: { "content-type": "text/xml" }, body };
};

const asAwsError = (error: unknown): AwsError => {
  if (error instanceof AwsError) return error;
  if (error instanceof SyntaxError)
    return new AwsError("SerializationException", `The body is not JSON: ${error.message}`);
  return new AwsError("InternalFailure", `The sandbox's endpoint failed: ${String(error)}`, 500);
};

const jsonHeaders = ({ protocol }: ServiceDescription): Record<string, string> => ({
  "content-type":
    protocol === "restJson1"
      ? "application/json"
      : `application/x-amz-json-${protocol === "awsJson1_0" ? "1.0" : "1.1"}`,
});

const isForm = (request: IncomingMessage): boolean =>
  String(request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");

const parseJson = (body: Buffer): unknown => (body.length === 0 ? {} : JSON.parse(body.toString()));

const plain = (status: number, text: string): Answer => ({
  status,
  headers: { "content-type": "text/plain" },
  body: `${text}\n`,
});

const splitOnce = (text: string, separator: string): string[] => {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
};

/** The credential's scope (`AKIA…/20260101/us-east-1/ssm/aws4_request`) names the key, the region and the service. */
const readSignature = ({ headers }: IncomingMessage): Signature | undefined => {
  const match = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? "");
  const [, accessKeyId, region, service] = match ?? [];
  return accessKeyId === undefined || region === undefined || service === undefined
    ? undefined
    : { accessKeyId, region, service };
};

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};
