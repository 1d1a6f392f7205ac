// All that can be found out of one instance: its group's word, its flows, and the cluster around it.
import type { GroupMember } from "../../shared/aws/auto-scaling.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import type { Tool } from "../command.ts";
import type { Deployment } from "../deployment.ts";
import { lookAtCluster } from "../repair/look.ts";
import type { Picture, PlannedAction, Report } from "../repair/report.ts";
import type { Progress } from "../terminal/progress.ts";
import { type HostCommandView, lastCommand } from "./command.ts";
import type { End } from "./ends.ts";
import type { FlowState } from "./flow-state.ts";
import { endOf, type Flow, flowsOf, stateOf } from "./flows.ts";
import { type GroupView, readGroup, readMember } from "./group.ts";

export interface InstanceFacts {
  instanceId: InstanceId;
  /** Epoch milliseconds: when it was looked at. */
  now: number;
  /** undefined: no group knows it. */
  member: GroupMember | undefined;
  group: GroupView | undefined;
  running: (Flow & { state: FlowState; command?: HostCommandView }) | undefined;
  /** The last one that ended. */
  past: (Flow & { end: End }) | undefined;
  report: Report;
}

/** @throws AwsFailure */
export const gatherFacts = async (
  tool: Tool,
  deployment: Deployment,
  instanceId: InstanceId,
  progress: Progress,
): Promise<InstanceFacts> => {
  const report = await lookAtCluster(tool, deployment, progress);
  progress.doing(`${instanceId}, its group and its flows are looked at`);
  const member = await readMember(deployment, instanceId);
  const group = member && (await readGroup(deployment, member.group, instanceId));
  const flows = [
    ...(await flowsOf(deployment, "join", instanceId)),
    ...(await flowsOf(deployment, "retire", instanceId)),
  ].sort((one, other) => other.startedAt - one.startedAt);
  const now = flows.find(({ running }) => running);
  const last = flows.find(({ running }) => !running);
  const running = now && {
    ...now,
    state: await stateOf(deployment, now),
    ...(await commandOf(deployment, instanceId, now)),
  };
  const past = last && { ...last, end: await endOf(deployment, last) };
  progress.clear();
  return { instanceId, now: tool.now(), member, group, running, past, report };
};

const commandOf = async (
  deployment: Deployment,
  instanceId: InstanceId,
  { startedAt }: Flow,
): Promise<{ command?: HostCommandView }> => {
  const command = await lastCommand(deployment, instanceId, startedAt);
  return command ? { command } : {};
};

type Value<Part> = Part extends { known: true; value: infer V } ? V : never;
export type NodeFacts = Value<Picture["swarm"]>["nodes"][number];
export type MemberFacts = Value<Picture["members"]>[number];

/** As the look at the cluster has it; undefined: not there, or not known. */
export const memberIn = ({ members }: Picture, instanceId: string): MemberFacts | undefined =>
  members.known ? members.value.find((one) => one.instanceId === instanceId) : undefined;

export const nodesIn = ({ swarm }: Picture, instanceId: string): NodeFacts[] =>
  swarm.known ? swarm.value.nodes.filter((one) => one.instanceId === instanceId) : [];

/** What the plan has of it. */
export const actionsOf = ({ plan }: Report, instanceId: string): PlannedAction[] =>
  plan.actions.filter(({ subject }) => subject === instanceId);
