// What runs on the host for the flow: its last command, and how its logs stood when they were looked at last.
import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
} from "@aws-sdk/client-ssm";
import type { InstanceId } from "../../shared/identifiers.ts";
import { describe, judge, LogStateError, parseLogState } from "../../shared/logs/index.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";
import { plain } from "../terminal/text.ts";

export interface HostCommandView {
  document: string;
  status: string;
  sentAt: number;
  /** Of the last look at its logs that has ended. */
  logs?: { at: number; summary: string };
}

/** As many as a page has: the newest first. */
const NEWEST = 50;
/** The default of SCAN_INTERVAL_SECONDS, which the tool does not know; it matters to doubtful cases only. */
const SCAN_INTERVAL_SECONDS = 10;

/** @returns undefined: nothing was sent to it (since `since`). @throws AwsFailure */
export const lastCommand = async (
  deployment: Deployment,
  instanceId: InstanceId,
  since: number,
): Promise<HostCommandView | undefined> => {
  const about = {
    doing: "list the commands of",
    what: instanceId,
    region: deployment.regionName,
    permission: "ssm:ListCommandInvocations",
  };
  const { CommandInvocations = [] } = await attempt(about, () =>
    deployment.systemsManager.send(
      new ListCommandInvocationsCommand({ InstanceId: instanceId, MaxResults: NEWEST }),
    ),
  );
  const own = CommandInvocations.filter((one) => sentAt(one) >= since).sort((a, b) => sentAt(b) - sentAt(a));
  const [last] = own;
  if (!last) return undefined;
  const sampled = own.find((one) => nameOf(deployment, one) === "log-state" && one.Status === "Success");
  const summary = sampled && (await logsOf(deployment, instanceId, sampled));
  return {
    document: nameOf(deployment, last),
    status: last.StatusDetails ?? last.Status ?? "",
    sentAt: sentAt(last),
    ...(sampled && summary ? { logs: { at: sentAt(sampled), summary } } : {}),
  };
};

const sentAt = ({ RequestedDateTime }: CommandInvocation): number =>
  new Date(RequestedDateTime ?? 0).getTime();

/** `hive-swarm-dev-log-state` → `log-state` */
const nameOf = ({ documentPrefix }: Deployment, { DocumentName = "" }: CommandInvocation): string =>
  plain(DocumentName.startsWith(documentPrefix) ? DocumentName.slice(documentPrefix.length) : DocumentName);

/** The flow judges by several samples; these are the last two of them. */
const logsOf = async (
  deployment: Deployment,
  instanceId: InstanceId,
  { CommandId }: CommandInvocation,
): Promise<string | undefined> => {
  const about = {
    doing: "read the last look at the logs of",
    what: instanceId,
    region: deployment.regionName,
    permission: "ssm:GetCommandInvocation",
  };
  const { StandardOutputContent = "" } = await attempt(about, () =>
    deployment.systemsManager.send(new GetCommandInvocationCommand({ CommandId, InstanceId: instanceId })),
  );
  try {
    const { samples } = parseLogState(StandardOutputContent);
    return plain(describe(judge(samples, { scanIntervalSeconds: SCAN_INTERVAL_SECONDS })));
  } catch (error) {
    if (!(error instanceof LogStateError)) throw error;
    return undefined;
  }
};
