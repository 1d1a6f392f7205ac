// SSM Run Command: who answers, send a document, look at its result. Each call is one call; waiting is the flow's work.
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
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
  instanceId: InstanceId;
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
    return (answer.InstanceInformationList ?? []).flatMap(
      ({ InstanceId = "", PingStatus, AgentVersion = "", IPAddress = "" }) =>
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
      InstanceIds: [command.instanceId],
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
      `SendCommand of ${command.document} to ${command.instanceId} answered without a command id`,
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

export const cancelCommand = async (
  client: SSMClient,
  commandId: string,
  instanceId: InstanceId,
): Promise<void> => {
  await client.send(new CancelCommandCommand({ CommandId: commandId, InstanceIds: [instanceId] }));
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
