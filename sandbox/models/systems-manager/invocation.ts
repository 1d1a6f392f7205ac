// A command and its invocations, one for each instance: what became of them, and in which words it is told.
import type { Command, CommandInvocationStatus } from "@aws-sdk/client-ssm";
import type { Timer } from "../../clock.ts";
import type { ScriptResult } from "../../ports.ts";
import type { CommandDocument } from "./document.ts";
import type { ParameterValues } from "./parameters.ts";

export interface Invocation {
  readonly command: CommandState;
  readonly instanceId: string;
  status: CommandInvocationStatus;
  statusDetails: string;
  startedAt?: number;
  endedAt?: number;
  result?: ScriptResult;
  /** Runs out when the command was not delivered in time. */
  delivery?: Timer;
  readonly abort: AbortController;
}

export interface CommandState {
  readonly commandId: string;
  readonly document: CommandDocument;
  readonly values: ParameterValues;
  readonly comment: string;
  readonly principal: string;
  readonly requestedAt: number;
  readonly timeoutSeconds: number;
  readonly targets: NonNullable<Command["Targets"]>;
  readonly invocations: Map<string, Invocation>;
}

export const isOver = ({ status }: Invocation): boolean =>
  status === "Success" || status === "Failed" || status === "TimedOut" || status === "Cancelled";

/** Standard output keeps the first 24,000 characters, standard error 8,000 (facts S5). */
export const STANDARD_OUTPUT_CHARACTERS = 24_000;
export const STANDARD_ERROR_CHARACTERS = 8_000;
/** ListCommandInvocations shows less of it. */
export const LISTED_OUTPUT_CHARACTERS = 2_500;

/** A status of SSM and its detail, from how the script ended. */
export function outcome(
  result: ScriptResult,
  cancelled: boolean,
): { status: CommandInvocationStatus; details: string } {
  if (cancelled) return { status: "Cancelled", details: "Cancelled" };
  if (result.timedOut) return { status: "TimedOut", details: "ExecutionTimedOut" };
  return result.exitCode === 0
    ? { status: "Success", details: "Success" }
    : { status: "Failed", details: "Failed" };
}

/** -1 until the script has ended with a code of its own. */
export const responseCode = ({ result, status }: Invocation): number =>
  result && (status === "Success" || status === "Failed") ? result.exitCode : -1;

/** The command's status as a whole, from those of its invocations. */
export function commandStatus(command: CommandState): NonNullable<Command["Status"]> {
  const statuses = [...command.invocations.values()].map((invocation) => invocation.status);
  if (statuses.includes("Cancelling")) return "Cancelling";
  if (statuses.some((status) => status === "InProgress" || status === "Delayed")) return "InProgress";
  if (statuses.includes("Pending")) {
    return statuses.every((status) => status === "Pending") ? "Pending" : "InProgress";
  }
  if (statuses.includes("Failed")) return "Failed";
  if (statuses.includes("TimedOut")) return "TimedOut";
  if (statuses.includes("Cancelled")) return "Cancelled";
  return "Success";
}
