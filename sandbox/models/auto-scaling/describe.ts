// What the Describe calls of Auto Scaling answer.
import type * as Sdk from "@aws-sdk/client-auto-scaling";
import { groupArn } from "../account.ts";
import { page } from "../paging.ts";
import { findGroup, type Group, type ManagedInstance } from "./group.ts";
import { globalTimeoutSeconds } from "./lifecycle-actions.ts";
import type { Parts } from "./parts.ts";

type Seen = { instance: ManagedInstance; state: Sdk.LifecycleState };

/** The instances as a reader sees them: as they are, or as they were a while ago (facts: reads can be stale). */
function visible(parts: Parts): Seen[] {
  if (parts.faults.staleReadsMs > 0) return parts.journal.at(parts.clock.now() - parts.faults.staleReadsMs);
  const seen: Seen[] = [];
  for (const group of parts.groups.values()) {
    for (const instance of group.instances.values()) {
      if (instance.state) seen.push({ instance, state: instance.state });
    }
  }
  return seen;
}

const common = (parts: Parts, { instance, state }: Seen) => ({
  InstanceId: instance.instanceId,
  InstanceType: "m5.large",
  AvailabilityZone: `${parts.account.region}a`,
  LifecycleState: state,
  ProtectedFromScaleIn: false,
});

export function describeAutoScalingGroups(
  parts: Parts,
  input: Sdk.AutoScalingGroupNamesType,
): Sdk.AutoScalingGroupsType {
  const names = input.AutoScalingGroupNames;
  const wanted = [...parts.groups.values()].filter(
    (group) =>
      (!names?.length || names.includes(group.config.name)) && (input.Filters ?? []).every(matches(group)),
  );
  const { items, nextToken } = page(wanted, input.MaxRecords ?? 50, input.NextToken);
  const seen = visible(parts);
  return {
    AutoScalingGroups: items.map((group) => describeGroup(parts, group, seen)),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
}

/** `tag:KEY` with values, `tag-key`, `tag-value`. */
const matches =
  (group: Group) =>
  ({ Name = "", Values = [] }: Sdk.Filter): boolean => {
    if (Name === "tag-key") return Values.some((key) => group.tags.has(key));
    if (Name === "tag-value") return Values.some((value) => [...group.tags.values()].includes(value));
    return Name.startsWith("tag:") && Values.includes(group.tags.get(Name.slice("tag:".length)) ?? "\0");
  };

function describeGroup(parts: Parts, group: Group, seen: Seen[]): Sdk.AutoScalingGroup {
  const { name } = group.config;
  return {
    AutoScalingGroupName: name,
    AutoScalingGroupARN: groupArn(parts.account, name),
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: [`${parts.account.region}a`],
    LoadBalancerNames: [...group.loadBalancerNames],
    TargetGroupARNs: [],
    HealthCheckType: "EC2",
    HealthCheckGracePeriod: 0,
    CreatedTime: new Date(group.createdAt),
    SuspendedProcesses: [],
    EnabledMetrics: [],
    TerminationPolicies: ["OldestInstance"],
    NewInstancesProtectedFromScaleIn: false,
    Tags: tagDescriptions(group),
    InstanceLifecyclePolicy: {
      RetentionTriggers: { TerminateHookAbandon: group.config.terminateHookAbandon ?? "terminate" },
    },
    Instances: seen
      .filter(({ instance }) => instance.group === group)
      .map((one) => ({
        ...common(parts, one),
        HealthStatus: one.instance.healthy ? "Healthy" : "Unhealthy",
      })),
  };
}

export function describeAutoScalingInstances(
  parts: Parts,
  input: Sdk.DescribeAutoScalingInstancesType,
): Sdk.AutoScalingInstancesType {
  const wanted = visible(parts).filter(
    ({ instance }) => !input.InstanceIds?.length || input.InstanceIds.includes(instance.instanceId),
  );
  const { items, nextToken } = page(wanted, input.MaxRecords ?? 50, input.NextToken);
  return {
    AutoScalingInstances: items.map((one) => ({
      ...common(parts, one),
      AutoScalingGroupName: one.instance.group.config.name,
      // In capitals here, and only here.
      HealthStatus: one.instance.healthy ? "HEALTHY" : "UNHEALTHY",
    })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
}

export function describeLifecycleHooks(
  parts: Parts,
  input: Sdk.DescribeLifecycleHooksType,
): Sdk.DescribeLifecycleHooksAnswer {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  return {
    LifecycleHooks: [...group.hooks.values()]
      .filter((hook) => !input.LifecycleHookNames?.length || input.LifecycleHookNames.includes(hook.name))
      .map((hook) => ({
        LifecycleHookName: hook.name,
        AutoScalingGroupName: group.config.name,
        LifecycleTransition: hook.transition,
        HeartbeatTimeout: hook.heartbeatTimeoutSeconds,
        GlobalTimeout: globalTimeoutSeconds(hook),
        DefaultResult: hook.defaultResult,
        ...(hook.notificationMetadata === undefined
          ? {}
          : { NotificationMetadata: hook.notificationMetadata }),
      })),
  };
}

export function describeScalingActivities(
  parts: Parts,
  input: Sdk.DescribeScalingActivitiesType,
): Sdk.ActivitiesType {
  if (input.AutoScalingGroupName !== undefined) findGroup(parts.groups, input.AutoScalingGroupName);
  const wanted = parts.activities
    .list()
    .filter(
      (activity) =>
        (input.AutoScalingGroupName ?? activity.AutoScalingGroupName) === activity.AutoScalingGroupName &&
        (!input.ActivityIds?.length || input.ActivityIds.includes(activity.ActivityId)),
    );
  const { items, nextToken } = page(wanted, input.MaxRecords ?? 100, input.NextToken);
  return { Activities: items.map((one) => ({ ...one })), ...(nextToken ? { NextToken: nextToken } : {}) };
}

export const tagDescriptions = (group: Group): Sdk.TagDescription[] =>
  [...group.tags].map(([Key, Value]) => ({
    ResourceId: group.config.name,
    ResourceType: "auto-scaling-group",
    Key,
    Value,
    PropagateAtLaunch: true,
  }));
