// The AWS endpoint of a sandbox: all models behind one address for those inside, and one socket for those outside.
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Catalogue } from "../aws/catalogue.ts";
import { createEndpoint } from "../aws/endpoint.ts";
import { type CallRecord, createHandle, type Handle, type Interceptor } from "../aws/handle.ts";
import type { Clock } from "../clock.ts";
import { instanceOfAccessKey } from "../machines/metadata.ts";
import type { Caller, ServiceModel } from "../ports.ts";
import { addresses, files, operatorKeys } from "./configuration.ts";
import type { Timeline } from "./timeline.ts";

/** Longer than any client keeps an idle connection: it must be the client that closes it. */
const KEEP_ALIVE_MILLISECONDS = 120_000;

export interface EndpointParts {
  stateDirectory: string;
  models: ServiceModel[];
  catalogue: Catalogue;
  clock: Clock;
  timeline: Timeline;
  /** The first one sees a call first. */
  interceptors: Interceptor[];
  identifyFunction: (accessKeyId: string) => Caller | undefined;
}

/** Every call is noted in `aws-calls.jsonl`. */
export const createSandboxHandle = (parts: Omit<EndpointParts, "identifyFunction">): Handle => {
  const calls = createWriteStream(join(parts.stateDirectory, files.calls), { flags: "a" });
  return createHandle({
    models: parts.models,
    catalogue: parts.catalogue,
    clock: parts.clock,
    interceptors: parts.interceptors,
    onCall: (record) => calls.write(`${JSON.stringify(withoutSecrets(record))}\n`),
    onError: (error, { service, operation }) =>
      parts.timeline.add({
        kind: "trouble",
        text: `${service} ${operation} failed inside the sandbox: ${error}`,
      }),
  });
};

/** Resolves once both listeners are there. */
export const listen = async (
  handle: Handle,
  { stateDirectory, catalogue, timeline, identifyFunction }: EndpointParts,
): Promise<void> => {
  const endpoint = createEndpoint({
    handle,
    catalogue,
    identify: (accessKeyId) => identify(accessKeyId) ?? identifyFunction(accessKeyId),
    onError: (error) => timeline.add({ kind: "trouble", text: `the AWS endpoint failed: ${error}` }),
  });
  const places = [
    { port: addresses.awsPort, host: addresses.gateway },
    { path: join(stateDirectory, files.aws) },
  ];
  await Promise.all(
    places.map((place) => {
      const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, endpoint);
      return new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(place, resolve);
      });
    }),
  );
};

/** As CloudTrail keeps it: the value of a SecureString is not told. */
const withoutSecrets = (record: CallRecord): CallRecord => {
  const { service, operation, input } = record;
  if (service !== "ssm" || operation !== "PutParameter") return record;
  // Without a type it keeps the one it had, which may be that of a secret.
  const put = input as { Type?: string };
  if (put.Type === "String" || put.Type === "StringList") return record;
  return { ...record, input: { ...put, Value: "HIDDEN_DUE_TO_SECURITY_REASONS" } };
};

const identify = (accessKeyId: string): Caller | undefined => {
  if (accessKeyId === operatorKeys.accessKeyId) return { accessKeyId, principal: "operator" };
  const instanceId = instanceOfAccessKey(accessKeyId);
  return instanceId === undefined ? undefined : { accessKeyId, principal: `instance:${instanceId}` };
};
