// What Auto Scaling says of an instance: its state, its group with its hooks, and why it was launched or is terminated.
import {
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
  DescribeScalingActivitiesCommand,
} from "@aws-sdk/client-auto-scaling";
import { describeMember, type GroupMember } from "../../shared/aws/auto-scaling.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";

export interface HookView {
  name: string;
  transition: "launch" | "terminate";
  heartbeatSeconds: number;
  globalSeconds: number;
  /** What the group does when the time is up. */
  defaultResult: string;
}

export interface ActivityView {
  description: string;
  cause: string;
  startedAt: number;
}

export interface GroupView {
  name: string;
  desired: number;
  least: number;
  /** An abandoned termination keeps the instance. */
  retains: boolean;
  hooks: readonly HookView[];
  /** The newest that is about the instance. */
  activity?: ActivityView;
}

const asking = ({ regionName }: Deployment, what: string, operation: string) => ({
  doing: "describe",
  what,
  region: regionName,
  permission: `autoscaling:${operation}`,
});

/** @returns undefined: no group knows it. @throws AwsFailure */
export const readMember = (
  deployment: Deployment,
  instanceId: InstanceId,
): Promise<GroupMember | undefined> =>
  attempt(asking(deployment, instanceId, "DescribeAutoScalingInstances"), () =>
    describeMember(deployment.autoScaling, instanceId),
  );

/** @throws AwsFailure */
export const readGroup = async (
  deployment: Deployment,
  name: string,
  instanceId: InstanceId,
): Promise<GroupView> => {
  const { autoScaling } = deployment;
  const group = await attempt(asking(deployment, `group ${name}`, "DescribeAutoScalingGroups"), () =>
    autoScaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] })),
  );
  const hooks = await attempt(asking(deployment, `hooks of group ${name}`, "DescribeLifecycleHooks"), () =>
    autoScaling.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName: name })),
  );
  const { Activities = [] } = await attempt(
    asking(deployment, `activities of group ${name}`, "DescribeScalingActivities"),
    () => autoScaling.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: name })),
  );
  const activity = Activities.find(({ Description = "" }) => Description.includes(instanceId));
  return {
    ...settings(name, group.AutoScalingGroups?.[0]),
    hooks: (hooks.LifecycleHooks ?? []).map((hook) => {
      const heartbeatSeconds = hook.HeartbeatTimeout ?? 3600;
      return {
        name: hook.LifecycleHookName ?? "",
        transition: hook.LifecycleTransition?.endsWith("LAUNCHING") ? "launch" : "terminate",
        heartbeatSeconds,
        globalSeconds: hook.GlobalTimeout ?? Math.min(172_800, 100 * heartbeatSeconds),
        defaultResult: hook.DefaultResult ?? "ABANDON",
      };
    }),
    ...(activity?.StartTime
      ? {
          activity: {
            description: activity.Description ?? "",
            cause: activity.Cause ?? "",
            startedAt: new Date(activity.StartTime).getTime(),
          },
        }
      : {}),
  };
};

const settings = (name: string, group: AutoScalingGroup | undefined) => ({
  name,
  desired: group?.DesiredCapacity ?? 0,
  least: group?.MinSize ?? 0,
  retains: group?.InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon === "retain",
});
