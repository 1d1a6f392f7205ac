// Run Command: SendCommand, what became of it, CancelCommand.
import type * as Sdk from "@aws-sdk/client-ssm";
import { AwsError, type Caller } from "../../ports.ts";
import { uuid } from "../identifiers.ts";
import { page } from "../paging.ts";
import { describeCommand, describeInvocation, invocationResult } from "./describe-command.ts";
import { type CommandState, commandStatus, type Invocation, isOver } from "./invocation.ts";
import { checkParameters } from "./parameters.ts";
import type { Parts } from "./parts.ts";

const MOST_INSTANCES = 50;
/** Of commands or invocations on a page, and how many there are when nobody asks for fewer. */
const MOST_RESULTS = 50;
const DEFAULT_DELIVERY_TIMEOUT_SECONDS = 3600;

export function sendCommand(
  parts: Parts,
  input: Sdk.SendCommandRequest,
  caller: Caller,
): Sdk.SendCommandResult {
  const document = parts.documents.find(input.DocumentName, input.DocumentVersion);
  const timeoutSeconds = input.TimeoutSeconds ?? DEFAULT_DELIVERY_TIMEOUT_SECONDS;
  if (timeoutSeconds < 30 || timeoutSeconds > 2_592_000) {
    throw new AwsError(
      "ValidationException",
      `Value '${timeoutSeconds}' at 'timeoutSeconds' failed to satisfy constraint: between 30 and 2592000`,
    );
  }
  const instanceIds = addressed(parts, input);
  const command: CommandState = {
    commandId: uuid(parts.ids),
    document,
    values: checkParameters(document, input.Parameters),
    comment: input.Comment ?? "",
    principal: caller.principal,
    requestedAt: parts.clock.now(),
    timeoutSeconds,
    targets: input.Targets ?? [],
    invocations: new Map(),
  };
  parts.commands.set(command.commandId, command);
  for (const instanceId of instanceIds) {
    const invocation: Invocation = {
      command,
      instanceId,
      status: "Pending",
      statusDetails: "Pending",
      abort: new AbortController(),
    };
    command.invocations.set(instanceId, invocation);
    parts.agents.deliver(invocation);
  }
  return { Command: describeCommand(command, instanceIds) };
}

/** The instances a command goes to. @throws AwsError where one of them never registered, or there are too many. */
function addressed(parts: Parts, input: Sdk.SendCommandRequest): string[] {
  const ids = input.InstanceIds ?? [];
  if (ids.length > 0 === (input.Targets ?? []).length > 0) {
    throw new AwsError("InvalidInstanceId", "Either InstanceIds or Targets must be given, and not both.");
  }
  if (ids.length > MOST_INSTANCES) {
    throw new AwsError(
      "ValidationException",
      `Value at 'instanceIds' failed to satisfy constraint: at most ${MOST_INSTANCES} members`,
    );
  }
  const missing = ids.filter((instanceId) => !parts.agents.find(instanceId));
  if (missing.length > 0) {
    throw new AwsError(
      "InvalidInstanceId",
      `Instances [[${missing.join(", ")}]] not in a valid state for account ${parts.account.id}`,
    );
  }
  const targets = (input.Targets ?? []).map(
    ({ Key = "", Values = [] }) => new Set(parts.select(Key, Values)),
  );
  const targeted = targets.length === 0 ? [] : parts.agents.registered().map((agent) => agent.instanceId);
  return [...new Set([...ids, ...targeted.filter((id) => targets.every((target) => target.has(id)))])];
}

export function getCommandInvocation(
  parts: Parts,
  input: Sdk.GetCommandInvocationRequest,
): Sdk.GetCommandInvocationResult {
  const command = findCommand(parts, input.CommandId);
  const invocation = command.invocations.get(input.InstanceId ?? "");
  // Just after SendCommand that is "not yet", and reads exactly like "never" (facts S2).
  if (!invocation || !isVisible(parts, command)) {
    throw new AwsError("InvocationDoesNotExist", "");
  }
  return invocationResult(invocation, parts.limits.outputCharacters);
}

const isVisible = ({ clock, limits }: Parts, { requestedAt }: CommandState): boolean =>
  clock.now() - requestedAt >= limits.invocationVisibleAfterMs;

export function cancelCommand(parts: Parts, input: Sdk.CancelCommandRequest): Sdk.CancelCommandResult {
  const command = findCommand(parts, input.CommandId);
  for (const invocation of command.invocations.values()) {
    const asked = !input.InstanceIds?.length || input.InstanceIds.includes(invocation.instanceId);
    if (asked && !isOver(invocation)) parts.agents.cancel(invocation);
  }
  return {};
}

export function listCommands(parts: Parts, input: Sdk.ListCommandsRequest): Sdk.ListCommandsResult {
  if (input.CommandId !== undefined) findCommand(parts, input.CommandId);
  const wanted = [...parts.commands.values()]
    .toReversed()
    .filter(
      (command) =>
        (input.CommandId ?? command.commandId) === command.commandId &&
        (input.InstanceId === undefined || command.invocations.has(input.InstanceId)) &&
        (input.Filters ?? []).every((filter) => passes(filter, command, commandStatus(command))),
    );
  const { items, nextToken } = page(wanted, pageSize(input.MaxResults), input.NextToken);
  return {
    Commands: items.map((command) => describeCommand(command, [...command.invocations.keys()])),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
}

export function listCommandInvocations(
  parts: Parts,
  input: Sdk.ListCommandInvocationsRequest,
): Sdk.ListCommandInvocationsResult {
  const commands =
    input.CommandId === undefined ? parts.commands.values() : [findCommand(parts, input.CommandId)];
  const wanted = [...commands]
    .toReversed()
    .filter((command) => isVisible(parts, command))
    .flatMap((command) => [...command.invocations.values()])
    .filter(
      (invocation) =>
        (input.InstanceId ?? invocation.instanceId) === invocation.instanceId &&
        (input.Filters ?? []).every((filter) => passes(filter, invocation.command, invocation.status)),
    );
  const { items, nextToken } = page(wanted, pageSize(input.MaxResults), input.NextToken);
  return {
    CommandInvocations: items.map((invocation) => describeInvocation(invocation, input.Details ?? false)),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
}

function pageSize(asked = MOST_RESULTS): number {
  if (asked >= 1 && asked <= MOST_RESULTS) return asked;
  throw new AwsError(
    "ValidationException",
    `Value '${asked}' at 'maxResults' failed to satisfy constraint: between 1 and ${MOST_RESULTS}`,
  );
}

function passes({ key, value = "" }: Sdk.CommandFilter, command: CommandState, status: string): boolean {
  if (key === "Status") return status === value;
  if (key === "DocumentName") return command.document.name === value;
  if (key === "InvokedAfter") return command.requestedAt >= Date.parse(value);
  if (key === "InvokedBefore") return command.requestedAt < Date.parse(value);
  throw new AwsError("InvalidFilterKey", `The filter key '${key}' is not known.`);
}

function findCommand(parts: Parts, commandId: string | undefined): CommandState {
  const command = parts.commands.get(commandId ?? "");
  if (!command) throw new AwsError("InvalidCommandId", `There is no command with id ${commandId}.`);
  return command;
}
