// What was asked of AWS, read from the sandbox's record of every call.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CallRecord } from "../sandbox/aws/handle.ts";
import type { Span } from "./history.ts";

export const readCalls = (stateDirectory: string): CallRecord[] => {
  const text = readFileSync(join(stateDirectory, "aws-calls.jsonl"), "utf8");
  // The last line may be half written.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as CallRecord);
};

export interface CallCount {
  /** By the functions, the durable engine's own left out. */
  total: number;
  /** For example `ssm SendCommand`. */
  byOperation: Record<string, number>;
  /** The durable engine's own: checkpoints, and reads of the execution's state. */
  checkpoints: number;
  /** By the hosts, with their own roles. */
  byHosts: number;
}

const ENGINE = new Set(["CheckpointDurableExecution", "GetDurableExecutionState"]);

/** Calls that came in within the span. One flow ran in it at a time, so they are its own. */
export const countCalls = (calls: readonly CallRecord[], { startedAt, endedAt }: Span): CallCount => {
  const count: CallCount = { total: 0, byOperation: {}, checkpoints: 0, byHosts: 0 };
  for (const { time, principal, service, operation } of calls) {
    if (time < startedAt || time > endedAt) continue;
    if (principal.startsWith("instance:")) count.byHosts++;
    if (!principal.startsWith("function:")) continue;
    if (ENGINE.has(operation)) {
      count.checkpoints++;
      continue;
    }
    count.total++;
    const name = `${service} ${operation}`;
    count.byOperation[name] = (count.byOperation[name] ?? 0) + 1;
  }
  return count;
};

/** What a flow sent, in order. */
export interface SentCommand {
  time: number;
  /** Full name of the document. */
  document: string;
  instanceId: string;
  parameters: Record<string, string>;
}

interface SendCommandInput {
  DocumentName: string;
  InstanceIds: string[];
  Parameters?: Record<string, string[]>;
  Comment?: string;
}

/** @param flow name of the execution, which the flows give as the command's comment */
export const sentCommands = (calls: readonly CallRecord[], flow: string): SentCommand[] =>
  calls
    .filter(({ operation, error }) => operation === "SendCommand" && error === undefined)
    .flatMap(({ time, input }) => {
      const { DocumentName, InstanceIds, Parameters = {}, Comment } = input as SendCommandInput;
      if (Comment !== flow) return [];
      const parameters = Object.fromEntries(
        Object.entries(Parameters).map(([name, [value = ""]]) => [name, value]),
      );
      return [{ time, document: DocumentName, instanceId: InstanceIds[0] ?? "", parameters }];
    });
