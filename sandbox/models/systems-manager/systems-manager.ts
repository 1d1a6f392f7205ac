// AWS Systems Manager as its users see it: Run Command on the instances' agents, Parameter Store, documents.
import type * as Sdk from "@aws-sdk/client-ssm";
import type { Caller, ServiceModel } from "../../ports.ts";
import { sandboxAccount } from "../account.ts";
import { randomIdentifiers } from "../identifiers.ts";
import { Agents } from "./agents.ts";
import { Documents } from "./documents.ts";
import { commandEvents } from "./events.ts";
import { describeInstanceInformation } from "./instance-information.ts";
import { ParameterStore } from "./parameter-store.ts";
import type { Parts } from "./parts.ts";
import * as runCommand from "./run-command.ts";
import {
  type CommandRecord,
  type DocumentConfig,
  defaultLimits,
  type Limits,
  type SystemsManagerOptions,
} from "./types.ts";

export class SystemsManager implements ServiceModel {
  readonly signingName = "ssm";
  readonly operations: ReturnType<typeof operations>;
  /** In force from the moment they are changed. */
  readonly limits: Limits;
  readonly #parts: Parts;

  constructor(options: SystemsManagerOptions) {
    const {
      clock,
      machines,
      publish,
      instances,
      account = sandboxAccount,
      ids = randomIdentifiers,
    } = options;
    const limits: Limits = { ...defaultLimits, ...options.limits };
    this.limits = limits;
    const report = options.report ?? ((message: string, error: unknown) => console.error(message, error));
    const changed = commandEvents(publish, account);
    this.#parts = {
      clock,
      ids,
      account,
      limits,
      agents: new Agents({ clock, machines, limits, instances, report, changed }),
      documents: new Documents(options.documents, account.id, clock.now()),
      parameters: new ParameterStore(clock, account),
      commands: new Map(),
      select: (key, values) =>
        key.startsWith("tag:") ? (options.byTag?.(key.slice("tag:".length), values) ?? []) : values,
    };
    this.operations = operations(this.#parts);
  }

  /** Publishes a document, or a new default version of one. Answers the version. */
  publishDocument(document: DocumentConfig): string {
    return this.#parts.documents.publish(document);
  }

  /** Every command on every instance so far, in the order of SendCommand. */
  commands(): CommandRecord[] {
    return [...this.#parts.commands.values()].flatMap((command) =>
      [...command.invocations.values()].map((invocation) => ({
        commandId: command.commandId,
        instanceId: invocation.instanceId,
        document: command.document.shortName,
        principal: command.principal,
        comment: command.comment,
        requestedAt: command.requestedAt,
        ...(invocation.startedAt === undefined ? {} : { startedAt: invocation.startedAt }),
        ...(invocation.endedAt === undefined ? {} : { endedAt: invocation.endedAt }),
        status: invocation.status,
        statusDetails: invocation.statusDetails,
        ...(invocation.result ? { exitCode: invocation.result.exitCode } : {}),
      })),
    );
  }
}

const operations = (parts: Parts) => ({
  SendCommand: (input: Sdk.SendCommandRequest, caller: Caller) =>
    runCommand.sendCommand(parts, input, caller),
  GetCommandInvocation: (input: Sdk.GetCommandInvocationRequest) =>
    runCommand.getCommandInvocation(parts, input),
  ListCommandInvocations: (input: Sdk.ListCommandInvocationsRequest) =>
    runCommand.listCommandInvocations(parts, input),
  ListCommands: (input: Sdk.ListCommandsRequest) => runCommand.listCommands(parts, input),
  CancelCommand: (input: Sdk.CancelCommandRequest) => runCommand.cancelCommand(parts, input),
  DescribeInstanceInformation: (input: Sdk.DescribeInstanceInformationRequest) =>
    describeInstanceInformation(parts, input),
  DescribeDocument: (input: Sdk.DescribeDocumentRequest) => parts.documents.describe(input),
  GetDocument: (input: Sdk.GetDocumentRequest) => parts.documents.get(input),
  PutParameter: (input: Sdk.PutParameterRequest) => parts.parameters.put(input),
  GetParameter: (input: Sdk.GetParameterRequest) => parts.parameters.get(input),
  GetParameterHistory: (input: Sdk.GetParameterHistoryRequest) => parts.parameters.history(input),
  GetParameters: (input: Sdk.GetParametersRequest) => parts.parameters.getMany(input),
  GetParametersByPath: (input: Sdk.GetParametersByPathRequest) => parts.parameters.getByPath(input),
  DeleteParameter: (input: Sdk.DeleteParameterRequest) => parts.parameters.delete(input),
  DeleteParameters: (input: Sdk.DeleteParametersRequest) => parts.parameters.deleteMany(input),
});
