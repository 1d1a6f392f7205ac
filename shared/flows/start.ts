// Starts a flow under the name at which every trigger for the same thing arrives.
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { findExecution, startExecution } from "../aws/executions.ts";
import type { EpochMillis, Log } from "./world.ts";

export type Dispatched =
  | { started: string; function: string }
  /** A flow for this runs already: this trigger has arrived at it. */
  | { joined: string; function: string }
  | { ignored: string };

/** An instance that goes through a warm pool joins and retires several times; nothing does so more often than this. */
const MOST_EXECUTIONS = 1_000;

export interface FlowName {
  name: string;
  running: boolean;
  /** Executions of this name that have ended. */
  closed: number;
}

/**
 * The name of the running execution, or the first free one: a name stays taken after its execution has closed, so each closed
 * one adds one to the count.
 */
export const nameFor = async (
  lambda: LambdaClient,
  functionName: string,
  prefix: string,
): Promise<FlowName> => {
  for (let count = 0; count < MOST_EXECUTIONS; count++) {
    const name = `${prefix}-${count}`;
    const execution = await findExecution(lambda, functionName, name);
    if (!execution) return { name, running: false, closed: count };
    if (execution.running) return { name, running: true, closed: count };
  }
  throw new Error(`${prefix} has ${MOST_EXECUTIONS} closed executions: something starts flows in a loop`);
};

/** `plan-2026-01-01T00-00-00`: an execution's name takes no colons. One that carries its second needs no count, and so no look at all there were. */
export const nameAt = (prefix: string, now: EpochMillis): string =>
  `${prefix}-${new Date(now).toISOString().slice(0, 19).replaceAll(":", "-")}`;

/** @param fields of the log record */
export const startFlow = async (
  { lambda, log }: { lambda: LambdaClient; log: Log },
  functionName: string,
  { name, running }: FlowName,
  payload: unknown,
  fields: Readonly<Record<string, string>>,
): Promise<Dispatched> => {
  await startExecution(lambda, functionName, name, payload);
  log.info(running ? "event joined a running flow" : "flow started", { ...fields, flow: name });
  return running ? { joined: name, function: functionName } : { started: name, function: functionName };
};
