// What AWS answered, call by call, for tests that must know everything that was ever said: secrets are in it, so it is kept
// only where a sandbox is told to.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Interceptor } from "../aws/handle.ts";
import { type CloudConfiguration, files } from "./configuration.ts";

export interface AnswerRecord {
  principal: string;
  service: string;
  operation: string;
  input: unknown;
  output: unknown;
}

/** One interceptor, or none. */
export const recordAnswers = ({
  stateDirectory,
  recordAnswers = false,
}: Pick<CloudConfiguration, "stateDirectory" | "recordAnswers">): Interceptor[] => {
  if (!recordAnswers) return [];
  const file = join(stateDirectory, files.answers);
  return [
    async (call, next) => {
      const output = await next(call);
      const { service, operation, input, caller } = call;
      const record: AnswerRecord = { principal: caller.principal, service, operation, input, output };
      appendFileSync(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      return output;
    },
  ];
};
