// Reads what documents/log-state.sh printed: a line of JSON, then the facts as gzip in base64.

import { gunzipSync } from "node:zlib";
import * as z from "zod/mini";
import type { LogState } from "./facts.ts";
import { parseSamples } from "./parse-sample.ts";

/** The answer could not be understood. What was printed is in the message, shortened; the reason is its cause. */
export class LogStateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LogStateError";
  }
}

const summary = z.object({
  schema: z.literal(1),
  taskContainers: z.nullable(z.int()),
  truncated: z.boolean(),
  samples: z.int(),
  /** Length of the second line, so that a cut one is noticed even where base64 would still decode. */
  factsLength: z.int(),
});

/**
 * Parses the standard output of the document `log-state`.
 *
 * @throws {LogStateError} when the output is not of this version, is malformed or was cut on its way (facts S5).
 */
export const parseLogState = (stdout: string): LogState => {
  const [first = "", second = ""] = stdout.split("\n");
  const head = parseSummary(first, stdout);
  if (second.length !== head.factsLength) {
    throw new LogStateError(
      `The facts of log-state are ${second.length} characters long, not ${head.factsLength}: standard output was cut`,
    );
  }
  try {
    const samples = parseSamples(gunzipSync(Buffer.from(second, "base64")).toString("utf8"));
    if (samples.length !== head.samples) {
      throw new Error(`${head.samples} samples were announced, ${samples.length} came`);
    }
    return {
      schema: 1,
      truncated: head.truncated,
      samples,
      ...(head.taskContainers === null ? {} : { taskContainers: head.taskContainers }),
    };
  } catch (cause) {
    throw new LogStateError("The facts of log-state could not be read", { cause });
  }
};

const parseSummary = (line: string, stdout: string): z.infer<typeof summary> => {
  try {
    return summary.parse(JSON.parse(line));
  } catch (cause) {
    throw new LogStateError(
      `log-state did not answer with a summary of schema 1 but with ${JSON.stringify(stdout.slice(0, 200))}`,
      { cause },
    );
  }
};
