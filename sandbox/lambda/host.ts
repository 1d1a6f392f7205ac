// The child process of one function: loads the built bundle unmodified, as Lambda's runtime would, and runs its
// handler for each event that comes over IPC. Arguments: the project's directory, `dist/name.handler`.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface HostRequest {
  id: string;
  event: unknown;
  /** Milliseconds since the epoch. */
  deadline: number;
  arn: string;
}

export type HostAnswer =
  | { ready: true }
  | { id: string; result: unknown }
  | { id: string; error: { name: string; message: string; stack?: string | undefined } };

const [directory = "", specification = ""] = process.argv.slice(2);
const dot = specification.lastIndexOf(".");
const [path, exportName] = [specification.slice(0, dot), specification.slice(dot + 1)];
const file = ["mjs", "js", "cjs"]
  .map((extension) => join(directory, `${path}.${extension}`))
  .find(existsSync);
if (file === undefined)
  throw new Error(`There is no ${path}.{mjs,js,cjs} in ${directory}. Build the functions first.`);

const module = await import(pathToFileURL(file).href);
const handler = module[exportName] ?? module.default?.[exportName];
if (typeof handler !== "function") throw new Error(`${file} exports no function named ${exportName}.`);

const answer = (message: HostAnswer): void => {
  process.send?.(message);
};

const run = async ({ id, event, deadline, arn }: HostRequest): Promise<void> => {
  const context = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: arn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    answer({ id, result: await handler(event, context) });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    answer({ id, error: { name, message, stack } });
  }
};

process.on("message", (request: HostRequest) => void run(request));
// The parent is gone, and with it whoever wanted an answer.
process.on("disconnect", () => process.exit(0));
answer({ ready: true });
