// Before the real registry: checks the token, asks the gate, streams the request through, and has what was pushed recorded.

import { type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import {
  type GateOptions,
  type RegistryRefusal,
  type RegistryRequest,
  readRequest,
  recordPush,
  refusalOf,
} from "./gate.ts";
import type { RegistryTokens } from "./tokens.ts";

export interface ProxyOptions {
  /** Of the real registry. */
  socketPath: string;
  tokens: RegistryTokens;
  /** Absent: a valid token opens everything, and nothing is recorded. */
  gate?: GateOptions;
  /** The realm of a challenge. */
  url: string;
  /** Told of faults of the proxy itself. */
  onError?: (error: unknown) => void;
}

export const registryProxy =
  (options: ProxyOptions): RequestListener =>
  (incoming, response) => {
    const verdict = judged(incoming, options);
    if ("refusal" in verdict) refuse(incoming, response, verdict.refusal, options.url);
    else forward(incoming, response, verdict.asked, options);
  };

type Verdict = { asked: RegistryRequest | undefined } | { refusal: RegistryRefusal };

const denied = (message: string): Verdict => ({ refusal: { status: 403, code: "DENIED", message } });
const unauthorized = (message: string): Verdict => ({
  refusal: { status: 401, code: "UNAUTHORIZED", message },
});

/** With the status and words of ECR: a challenge where there is no token, DENIED where it is too old or opens something else. */
const judged = (incoming: IncomingMessage, { tokens, gate, onError }: ProxyOptions): Verdict => {
  const token = tokens.check(incoming.headers.authorization);
  switch (token.verdict) {
    case "missing":
      return unauthorized("no basic auth credentials");
    case "unknown":
      return unauthorized("Not Authorized");
    case "expired":
      return denied("Your authorization token has expired. Reauthenticate and try again.");
  }
  // A login asks for this alone: is it a token?
  if (gate === undefined || incoming.url === "/v2/") return { asked: undefined };
  const asked = readRequest(incoming.method ?? "", incoming.url ?? "");
  if (asked === undefined) {
    const message = "The operation is unsupported.";
    return { refusal: { status: 405, code: "UNSUPPORTED", message } };
  }
  try {
    const refusal = refusalOf(asked, token.principal, gate);
    return refusal === undefined ? { asked } : { refusal };
  } catch (error) {
    onError?.(error);
    return { refusal: { status: 500, code: "UNKNOWN", message: `The sandbox's registry failed: ${error}` } };
  }
};

/** Streams a request through; layers are never held in memory. */
const forward = (
  incoming: IncomingMessage,
  response: ServerResponse,
  asked: RegistryRequest | undefined,
  { socketPath, gate, onError }: ProxyOptions,
): void => {
  const { authorization: _, ...headers } = incoming.headers;
  const body = asked?.action === "PutImage" ? keep(incoming) : undefined;
  const onward = request({ socketPath, method: incoming.method, path: incoming.url, headers }, (answer) => {
    if (gate && asked && body && answer.statusCode === 201) {
      // Before the client hears of it, so that whoever pushed finds it.
      try {
        recordPush(
          asked,
          { body: body(), type: incoming.headers["content-type"] },
          answer.headers,
          gate.images,
        );
      } catch (error) {
        onError?.(error);
      }
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // An error here is one side hanging up; pipeline closes the other, which is all that can be done.
    pipeline(answer, response, () => {});
  });
  onward.once("error", (error) => {
    if (response.headersSent) response.destroy(error);
    else answerError(response, 502, "UNKNOWN", `The sandbox's registry does not answer: ${error.message}`);
  });
  pipeline(incoming, onward, () => {});
};

/** A manifest is small, and is read on its way. */
const keep = (incoming: IncomingMessage): (() => Buffer) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
};

const refuse = (
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, code, message }: RegistryRefusal,
  url: string,
): void => {
  incoming.resume();
  if (status === 401) {
    response.setHeader("www-authenticate", `Basic realm="${url}/",service="ecr.amazonaws.com"`);
  }
  answerError(response, status, code, message);
};

const answerError = (response: ServerResponse, status: number, code: string, message: string): void => {
  response.writeHead(status, {
    "content-type": "application/json",
    "docker-distribution-api-version": "registry/2.0",
  });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
};
