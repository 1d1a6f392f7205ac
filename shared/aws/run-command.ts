// SSM Run Command: who answers, send a document, look at its result. Each call is one call; waiting is the flow's work.
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  type DescribeInstanceInformationResult,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  type ListCommandInvocationsCommandOutput,
  SendCommandCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { errorCode } from "./errors.ts";

export interface Agent {
  instanceId: InstanceId;
  online: boolean;
  version: string;
  address: string;
}

export interface Command {
  /** Full name of the document. */
  document: string;
  /** Of the document; undefined: its default version. */
  version?: string | undefined;
  /** At most 50. */
  instanceIds: readonly InstanceId[];
  parameters: Readonly<Record<string, string>>;
  /** Seconds until the agent must have begun (at least 30), and that the script may then run. */
  deliverySeconds: number;
  executionSeconds: number;
  /** Shown in the command history; the flow's name. */
  comment: string;
}

export type CommandResult =
  /** `queued`: the agent has not begun; it runs five commands at a time. */
  | { status: "queued" | "running" }
  | { status: "succeeded"; stdout: string }
  | { status: "failed"; stdout: string; stderr: string; details: string };

export const agentsIn = ({ InstanceInformationList = [] }: DescribeInstanceInformationResult): Agent[] =>
  InstanceInformationList.flatMap(({ InstanceId = "", PingStatus, AgentVersion = "", IPAddress = "" }) =>
    isInstanceId(InstanceId)
      ? [
          {
            instanceId: InstanceId,
            online: PingStatus === "Online",
            version: AgentVersion,
            address: IPAddress,
          },
        ]
      : [],
  );

/** Agents of up to 50 instances in one call; an instance that never registered is missing from the answer. */
export const describeAgents = async (
  client: SSMClient,
  instanceIds: readonly InstanceId[],
): Promise<Agent[]> => {
  try {
    const answer = await client.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: "InstanceIds", Values: [...instanceIds] }],
        MaxResults: 50,
      }),
    );
    return agentsIn(answer);
  } catch (error) {
    // Said of instances that never registered.
    if (errorCode(error) === "InvalidInstanceId") return [];
    throw error;
  }
};

/** @returns the command's id. There is no idempotency token: the documents are written to be safe to run twice. */
export const sendCommand = async (client: SSMClient, command: Command): Promise<string> => {
  const answer = await client.send(
    new SendCommandCommand({
      DocumentName: command.document,
      ...(command.version !== undefined && { DocumentVersion: command.version }),
      InstanceIds: [...command.instanceIds],
      Parameters: {
        ...Object.fromEntries(Object.entries(command.parameters).map(([name, value]) => [name, [value]])),
        executionTimeout: [String(command.executionSeconds)],
      },
      TimeoutSeconds: Math.max(30, command.deliverySeconds),
      Comment: command.comment.slice(0, 100),
    }),
  );
  const id = answer.Command?.CommandId;
  if (!id)
    throw new Error(
      `SendCommand of ${command.document} to ${command.instanceIds.join(", ")} answered without a command id`,
    );
  return id;
};

export const commandResult = async (
  client: SSMClient,
  commandId: string,
  instanceId: InstanceId,
): Promise<CommandResult> => {
  try {
    const answer = await client.send(
      new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
    );
    const stdout = answer.StandardOutputContent ?? "";
    switch (answer.Status) {
      case "Success":
        return { status: "succeeded", stdout };
      case "Failed":
      case "TimedOut":
      case "Cancelled":
      case "Cancelling":
        return {
          status: "failed",
          stdout,
          stderr: answer.StandardErrorContent ?? "",
          details: answer.StatusDetails ?? answer.Status,
        };
      case "InProgress":
        return { status: "running" };
      default:
        return { status: "queued" };
    }
  } catch (error) {
    // Just after SendCommand this means "not yet", never "failed".
    if (errorCode(error) === "InvocationDoesNotExist") return { status: "queued" };
    throw error;
  }
};

/** Where one of many hosts stands with a command: `undefined`, it has not ended. Of its output the first 2,500 characters. */
export interface HostResult {
  instanceId: InstanceId;
  ended: { succeeded: boolean; stdout: string; details: string } | undefined;
}

/** All hosts that a command was sent to and that Systems Manager knows of so far. */
export const commandResults = async (client: SSMClient, commandId: string): Promise<HostResult[]> => {
  const results: HostResult[] = [];
  let NextToken: string | undefined;
  do {
    const answer: ListCommandInvocationsCommandOutput = await client.send(
      new ListCommandInvocationsCommand({ CommandId: commandId, Details: true, MaxResults: 50, NextToken }),
    );
    for (const { InstanceId = "", Status = "", StatusDetails, CommandPlugins } of answer.CommandInvocations ??
      []) {
      if (!isInstanceId(InstanceId)) continue;
      const ended = ["Success", "Failed", "TimedOut", "Cancelled", "Cancelling"].includes(Status);
      const stdout = CommandPlugins?.[0]?.Output ?? "";
      const details = StatusDetails ?? Status;
      results.push({
        instanceId: InstanceId,
        ended: ended ? { succeeded: Status === "Success", stdout, details } : undefined,
      });
    }
    // Of the last page it is an empty string.
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
  return results;
};

export const cancelCommand = async (
  client: SSMClient,
  commandId: string,
  instanceIds: readonly InstanceId[],
): Promise<void> => {
  await client.send(new CancelCommandCommand({ CommandId: commandId, InstanceIds: [...instanceIds] }));
};

/** True when version `have` (dotted numbers) is at least `want`. */
export const versionAtLeast = (have: string, want: string): boolean => {
  const [left, right] = [have, want].map((text) => text.split(".").map(Number));
  for (const [index, needed] of (right ?? []).entries()) {
    const part = left?.[index] ?? 0;
    if (Number.isNaN(part)) return false;
    if (part !== needed) return part > needed;
  }
  return true;
};
