// What the flows ask of EC2 Auto Scaling: lifecycle states, hooks, heartbeats, completion.
import {
  type AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  DescribeScalingActivitiesCommand,
  RecordLifecycleActionHeartbeatCommand,
} from "@aws-sdk/client-auto-scaling";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { errorText } from "./errors.ts";

/** An instance as its group sees it. */
export interface GroupMember {
  group: string;
  /** For example `Pending:Wait`, `InService`, `Terminating:Wait`. */
  lifecycleState: string;
  /** False once EC2 or the group declared it unhealthy: it may be dead. */
  healthy: boolean;
}

export interface Hook {
  heartbeatTimeoutSeconds: number;
  globalTimeoutSeconds: number;
}

export interface Group {
  name: string;
  instances: readonly { instanceId: InstanceId; lifecycleState: string; healthy: boolean }[];
  /** Classic ELBs that the group registers with by itself. */
  loadBalancers: readonly string[];
  /** True when an abandoned terminate hook keeps the instance (docs/facts.md, A4). */
  retains: boolean;
}

/** One of our hooks, waiting for one instance. */
export interface HookAction {
  group: string;
  hook: string;
  instanceId: InstanceId;
}

/** Said in capitals of instances, and not so of a group's. */
const isHealthy = (status: string | undefined): boolean => status?.toUpperCase() !== "UNHEALTHY";

/** @returns undefined when no group knows the instance (any more). */
export const describeMember = async (
  client: AutoScalingClient,
  instanceId: InstanceId,
): Promise<GroupMember | undefined> => (await describeMembers(client, [instanceId])).get(instanceId);

/** Up to 50 instances in one call; those that no group knows (any more) are missing from the answer. */
export const describeMembers = async (
  client: AutoScalingClient,
  instanceIds: readonly InstanceId[],
): Promise<ReadonlyMap<InstanceId, GroupMember>> => {
  const answer = await client.send(
    new DescribeAutoScalingInstancesCommand({ InstanceIds: [...instanceIds] }),
  );
  return new Map(
    (answer.AutoScalingInstances ?? []).flatMap(
      ({ InstanceId = "", AutoScalingGroupName = "", LifecycleState = "", HealthStatus }) =>
        isInstanceId(InstanceId)
          ? [
              [
                InstanceId,
                {
                  group: AutoScalingGroupName,
                  lifecycleState: LifecycleState,
                  healthy: isHealthy(HealthStatus),
                },
              ] as const,
            ]
          : [],
    ),
  );
};

/** Up to 50 groups in one call; a group that does not exist is simply missing from the answer. */
export const describeGroups = async (
  client: AutoScalingClient,
  names: readonly string[],
): Promise<Group[]> => {
  const answer = await client.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [...names] }),
  );
  return (answer.AutoScalingGroups ?? []).map((group) => ({
    name: group.AutoScalingGroupName ?? "",
    instances: (group.Instances ?? []).flatMap(({ InstanceId = "", LifecycleState = "", HealthStatus }) =>
      isInstanceId(InstanceId)
        ? [{ instanceId: InstanceId, lifecycleState: LifecycleState, healthy: isHealthy(HealthStatus) }]
        : [],
    ),
    loadBalancers: group.LoadBalancerNames ?? [],
    retains: group.InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon === "retain",
  }));
};

/** @throws Error when the group has no hook of that name: the configuration does not fit the group. */
export const describeHook = async (client: AutoScalingClient, group: string, hook: string): Promise<Hook> => {
  const answer = await client.send(
    new DescribeLifecycleHooksCommand({ AutoScalingGroupName: group, LifecycleHookNames: [hook] }),
  );
  const found = answer.LifecycleHooks?.find((each) => each.LifecycleHookName === hook);
  if (!found) {
    throw new Error(
      `Group ${group} has no lifecycle hook ${hook}: put the hook on the group, or name the right one in the configuration`,
    );
  }
  const heartbeatTimeoutSeconds = found.HeartbeatTimeout ?? 3600;
  return {
    heartbeatTimeoutSeconds,
    globalTimeoutSeconds: found.GlobalTimeout ?? Math.min(172_800, 100 * heartbeatTimeoutSeconds),
  };
};

/** Launches and terminations of a group, the newest hundred, newest first. The description names the instance. */
export const activityStarts = async (
  client: AutoScalingClient,
  group: string,
): Promise<{ description: string; startedAt: number }[]> => {
  const answer = await client.send(
    new DescribeScalingActivitiesCommand({ AutoScalingGroupName: group, MaxRecords: 100 }),
  );
  return (answer.Activities ?? []).flatMap(({ Description = "", StartTime }) =>
    StartTime ? [{ description: Description, startedAt: StartTime.getTime() }] : [],
  );
};

export const heartbeat = async (client: AutoScalingClient, action: HookAction): Promise<void> => {
  await client.send(
    new RecordLifecycleActionHeartbeatCommand({
      AutoScalingGroupName: action.group,
      LifecycleHookName: action.hook,
      InstanceId: action.instanceId,
    }),
  );
};

/**
 * Completes the hook. "No active Lifecycle Action" can mean that it is complete already, or, for a while, that Auto Scaling
 * does not know yet that it waits (docs/facts.md, A5): only the instance's state tells, so the caller looks at that.
 *
 * @returns `accepted`, or `not-active` with the message.
 */
export const completeHook = async (
  client: AutoScalingClient,
  action: HookAction,
  result: "CONTINUE" | "ABANDON",
): Promise<{ answer: "accepted" } | { answer: "not-active"; message: string }> => {
  try {
    await client.send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: action.group,
        LifecycleHookName: action.hook,
        InstanceId: action.instanceId,
        LifecycleActionResult: result,
      }),
    );
    return { answer: "accepted" };
  } catch (error) {
    if (/no active lifecycle action/i.test(errorText(error)))
      return { answer: "not-active", message: errorText(error) };
    throw error;
  }
};
