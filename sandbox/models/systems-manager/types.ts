// What the Systems Manager model is configured with, and what it records for reports.
import type { CommandInvocationStatus } from "@aws-sdk/client-ssm";
import type { Clock } from "../../clock.ts";
import type { Machines, Publish } from "../../ports.ts";
import type { Account } from "../account.ts";
import type { Identifiers } from "../identifiers.ts";
import { STANDARD_OUTPUT_CHARACTERS } from "./invocation.ts";

export interface DocumentConfig {
  /** As SendCommand names it. */
  name: string;
  /** Without the stack's prefix, as simulated instances know it; the name itself when absent. */
  shortName?: string;
  /** Schema 2.2 with one step `aws:runShellScript`; JSON text, or the object that it stands for. */
  content: string | object;
}

export interface Limits {
  /** Commands that one instance's agent runs at a time (S6). */
  concurrentCommands: number;
  /** From SendCommand (or a free place) to the start of the script on an instance that is online. */
  deliveryLatencyMs: number;
  /** How often an agent that is offline is looked at again while a command waits for it. */
  agentPollMs: number;
  /** GetCommandInvocation answers InvocationDoesNotExist for that long after SendCommand (S2). */
  invocationVisibleAfterMs: number;
  /** How long an agent must be gone before PingStatus says ConnectionLost. */
  connectionLostAfterMs: number;
  /** Characters of standard output that GetCommandInvocation shows (S5). */
  outputCharacters: number;
  /** So many runs of a document end without a word, and stay InProgress for ever (S3); counts down. */
  unreported: { document: string; times: number } | undefined;
}

export const defaultLimits: Limits = {
  concurrentCommands: 5,
  deliveryLatencyMs: 150,
  agentPollMs: 1_000,
  invocationVisibleAfterMs: 200,
  connectionLostAfterMs: 0,
  outputCharacters: STANDARD_OUTPUT_CHARACTERS,
  unreported: undefined,
};

export interface SystemsManagerOptions {
  clock: Clock;
  machines: Pick<Machines, "agent" | "run">;
  publish: Publish;
  documents: DocumentConfig[];
  /** Every instance there is: the agents of those can register. */
  instances: () => readonly string[];
  /** Instances by tag (`key` without `tag:`), for Targets and Filters. Absent: nothing is tagged. */
  byTag?: (key: string, values: readonly string[]) => readonly string[];
  limits?: Partial<Limits>;
  ids?: Identifiers;
  account?: Account;
  /** Told when an instance's run of a script broke off. Default: standard error. */
  report?: (message: string, error: unknown) => void;
}

/** One command on one instance, for reports and benchmarks. */
export interface CommandRecord {
  commandId: string;
  instanceId: string;
  document: string;
  /** The principal that sent it, for example `function:join-node`. */
  principal: string;
  /** What the sender said of it: the operator's flows give their name. */
  comment: string;
  requestedAt: number;
  startedAt?: number;
  endedAt?: number;
  status: CommandInvocationStatus;
  statusDetails: string;
  exitCode?: number;
}
