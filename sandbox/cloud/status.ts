// All that is running in a sandbox, at one moment: what `status` shows and what tests wait for.
import { OPERATOR } from "../aws/handle.ts";
import type { HookReport } from "../demo/report.ts";
import type { HookRecord } from "../models/auto-scaling/types.ts";
import type { Cloud } from "./assemble.ts";
import { names } from "./configuration.ts";
import type { BalancerMember, Picture, SwarmNode } from "./picture.ts";

export interface InstanceStatus {
  instanceId: string;
  group: string;
  address: string;
  lifecycleState: string;
  /** `Online`, `ConnectionLost`; `none` before it registered. */
  agent: string;
  node: SwarmNode | undefined;
  runningTasks: number;
  balancer: BalancerMember | undefined;
}

export interface Status {
  instances: InstanceStatus[];
  desired: Record<string, number>;
  /** Tasks without a node. */
  pendingTasks: number;
  runningFlows: string[];
  shippedLines: number;
}

interface GroupAnswer {
  AutoScalingGroups: {
    AutoScalingGroupName: string;
    DesiredCapacity: number;
    Instances: { InstanceId: string; LifecycleState: string }[];
  }[];
}

export const readStatus = async (cloud: Cloud, picture: Picture): Promise<Status> => {
  const { AutoScalingGroups } = (await cloud.handle(
    "autoscaling",
    "DescribeAutoScalingGroups",
    { AutoScalingGroupNames: [names.managerGroup, names.workerGroup] },
    OPERATOR,
  )) as GroupAnswer;
  const instances = AutoScalingGroups.flatMap(({ AutoScalingGroupName, Instances }) =>
    Instances.map(({ InstanceId, LifecycleState }): InstanceStatus => {
      const agent = cloud.machines.agent(InstanceId);
      const node = picture.nodes.find(({ instanceId }) => instanceId === InstanceId);
      return {
        instanceId: InstanceId,
        group: AutoScalingGroupName,
        address: cloud.machines.address(InstanceId) ?? "",
        lifecycleState: LifecycleState,
        agent: agent === undefined ? "none" : agent.online ? "Online" : "ConnectionLost",
        node,
        runningTasks: node === undefined ? 0 : (picture.running[node.id] ?? 0),
        balancer: picture.balancer.find(({ instanceId }) => instanceId === InstanceId),
      };
    }),
  );
  return {
    instances,
    desired: Object.fromEntries(
      AutoScalingGroups.map(({ AutoScalingGroupName, DesiredCapacity }) => [
        AutoScalingGroupName,
        DesiredCapacity,
      ]),
    ),
    pendingTasks: picture.pending,
    runningFlows: cloud.lambda.durable
      .executions()
      .filter(({ status }) => status === "RUNNING")
      .map(({ name }) => name),
    shippedLines: cloud.collector.lines(),
  };
};

export const hookReport = (record: HookRecord): HookReport => ({
  instanceId: record.instanceId,
  transition: record.transition,
  hook: record.hook,
  result: record.result ?? (record.by === "superseded" ? "superseded" : "none"),
  completions: record.completions,
  seconds: ((record.endedAt ?? Date.now()) - record.startedAt) / 1000,
});
