// Commands and their invocations in the shapes of the SDK.
import type * as Sdk from "@aws-sdk/client-ssm";
import {
  type CommandState,
  commandStatus,
  type Invocation,
  isOver,
  LISTED_OUTPUT_CHARACTERS,
  responseCode,
  STANDARD_ERROR_CHARACTERS,
} from "./invocation.ts";

export function describeCommand(command: CommandState, instanceIds: string[]): Sdk.Command {
  const invocations = [...command.invocations.values()];
  const status = commandStatus(command);
  return {
    CommandId: command.commandId,
    DocumentName: command.document.name,
    DocumentVersion: command.document.version,
    Comment: command.comment,
    ExpiresAfter: new Date(expiresAt(command)),
    Parameters: command.values,
    InstanceIds: command.targets.length > 0 ? [] : instanceIds,
    Targets: command.targets,
    RequestedDateTime: new Date(command.requestedAt),
    Status: status,
    StatusDetails: status,
    MaxConcurrency: "50",
    MaxErrors: "0",
    TargetCount: invocations.length,
    CompletedCount: invocations.filter(isOver).length,
    ErrorCount: invocations.filter(({ status }) => status === "Failed" || status === "TimedOut").length,
    DeliveryTimedOutCount: invocations.filter(({ statusDetails }) => statusDetails === "DeliveryTimedOut")
      .length,
    TimeoutSeconds: command.timeoutSeconds,
  };
}

export const expiresAt = (command: CommandState): number =>
  command.requestedAt + command.timeoutSeconds * 1000;

export function invocationResult(
  invocation: Invocation,
  outputCharacters: number,
): Sdk.GetCommandInvocationResult {
  const { command, startedAt, endedAt, result } = invocation;
  const iso = (time: number | undefined) => (time === undefined ? "" : new Date(time).toISOString());
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.document.name,
    DocumentVersion: command.document.version,
    PluginName: command.document.step,
    ResponseCode: responseCode(invocation),
    ExecutionStartDateTime: iso(startedAt),
    ExecutionElapsedTime:
      startedAt === undefined || endedAt === undefined ? "" : `PT${(endedAt - startedAt) / 1000}S`,
    ExecutionEndDateTime: startedAt === undefined ? "" : iso(endedAt),
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputContent: (result?.stdout ?? "").slice(0, outputCharacters),
    StandardOutputUrl: "",
    StandardErrorContent: (result?.stderr ?? "").slice(0, STANDARD_ERROR_CHARACTERS),
    StandardErrorUrl: "",
    CloudWatchOutputConfig: { CloudWatchLogGroupName: "", CloudWatchOutputEnabled: false },
  };
}

export function describeInvocation(invocation: Invocation, details: boolean): Sdk.CommandInvocation {
  const { command } = invocation;
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    InstanceName: "",
    Comment: command.comment,
    DocumentName: command.document.name,
    DocumentVersion: command.document.version,
    RequestedDateTime: new Date(command.requestedAt),
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputUrl: "",
    StandardErrorUrl: "",
    CommandPlugins: details ? [plugin(invocation)] : [],
  };
}

function plugin(invocation: Invocation): Sdk.CommandPlugin {
  const { result, startedAt, endedAt, status } = invocation;
  const error = result?.stderr ? `\n----------ERROR-------\n${result.stderr}` : "";
  return {
    Name: invocation.command.document.step,
    // A plugin has neither of these two: it is still in progress.
    Status: status === "Cancelling" || status === "Delayed" ? "InProgress" : status,
    StatusDetails: invocation.statusDetails,
    ResponseCode: responseCode(invocation),
    ...(startedAt === undefined ? {} : { ResponseStartDateTime: new Date(startedAt) }),
    ...(endedAt === undefined ? {} : { ResponseFinishDateTime: new Date(endedAt) }),
    Output: `${result?.stdout ?? ""}${error}`.slice(0, LISTED_OUTPUT_CHARACTERS),
  };
}
