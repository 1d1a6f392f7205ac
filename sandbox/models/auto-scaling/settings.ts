// What can be changed about a group at run time: its hooks, its sizes, its load balancers, its tags.
import type * as Sdk from "@aws-sdk/client-auto-scaling";
import { page } from "../paging.ts";
import { setDesiredCapacity } from "./capacity.ts";
import { tagDescriptions } from "./describe.ts";
import { findGroup, validationError } from "./group.ts";
import { deregisterFromLoadBalancers, type Parts, registerWithLoadBalancers } from "./parts.ts";
import type { HookConfig } from "./types.ts";

export function putLifecycleHook(parts: Parts, input: Sdk.PutLifecycleHookType): void {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const name = input.LifecycleHookName ?? "";
  const former = group.hooks.get(name);
  const transition = input.LifecycleTransition ?? former?.transition;
  if (
    transition !== "autoscaling:EC2_INSTANCE_LAUNCHING" &&
    transition !== "autoscaling:EC2_INSTANCE_TERMINATING"
  ) {
    throw validationError(`Invalid lifecycle transition '${transition}' for lifecycle hook ${name}`);
  }
  const heartbeat = input.HeartbeatTimeout ?? former?.heartbeatTimeoutSeconds ?? 3600;
  if (heartbeat < 30 || heartbeat > 7200) {
    throw validationError(`Heartbeat timeout must be between 30 and 7200 seconds, not ${heartbeat}`);
  }
  const defaultResult = input.DefaultResult ?? former?.defaultResult ?? "ABANDON";
  if (defaultResult !== "CONTINUE" && defaultResult !== "ABANDON") {
    throw validationError(`Default result must be CONTINUE or ABANDON, not '${defaultResult}'`);
  }
  const metadata = input.NotificationMetadata ?? former?.notificationMetadata;
  const hook: HookConfig = { name, transition, heartbeatTimeoutSeconds: heartbeat, defaultResult };
  group.hooks.set(name, metadata === undefined ? hook : { ...hook, notificationMetadata: metadata });
}

export function updateAutoScalingGroup(parts: Parts, input: Sdk.UpdateAutoScalingGroupType): void {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const min = input.MinSize ?? group.min;
  const max = input.MaxSize ?? group.max;
  if (min > max)
    throw validationError(`Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
  group.min = min;
  group.max = max;
  const desired = input.DesiredCapacity ?? Math.min(max, Math.max(min, group.desired));
  setDesiredCapacity(parts, group, desired);
  const policy = input.InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon;
  if (policy === "retain" || policy === "terminate") group.config.terminateHookAbandon = policy;
}

/** Instances in service are registered at once, the others when they get there. */
export function attachLoadBalancers(parts: Parts, input: Sdk.AttachLoadBalancersType): void {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  for (const name of input.LoadBalancerNames ?? []) {
    if (!(name in parts.loadBalancers)) {
      throw validationError(`Provided Load Balancers may not be valid. Please ensure they exist: ${name}`);
    }
    group.loadBalancerNames.add(name);
  }
  for (const instance of group.instances.values()) {
    if (instance.state === "InService") void registerWithLoadBalancers(parts, instance);
  }
}

export function detachLoadBalancers(parts: Parts, input: Sdk.DetachLoadBalancersType): void {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const names = input.LoadBalancerNames ?? [];
  for (const name of names) {
    if (!group.loadBalancerNames.delete(name)) {
      throw validationError(`Trying to remove Load Balancers that are not part of the group: ${name}`);
    }
  }
  for (const instance of group.instances.values()) void deregisterFromLoadBalancers(parts, instance, names);
}

export function describeLoadBalancers(
  parts: Parts,
  input: Sdk.DescribeLoadBalancersRequest,
): Sdk.DescribeLoadBalancersResponse {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  return {
    LoadBalancers: [...group.loadBalancerNames].map((name) => ({
      LoadBalancerName: name,
      State: "InService",
    })),
  };
}

export function createOrUpdateTags(parts: Parts, input: Sdk.CreateOrUpdateTagsType): void {
  for (const tag of input.Tags ?? []) {
    findGroup(parts.groups, tag.ResourceId).tags.set(tag.Key ?? "", tag.Value ?? "");
  }
}

export function describeTags(parts: Parts, input: Sdk.DescribeTagsType): Sdk.TagsType {
  const all = [...parts.groups.values()].flatMap(tagDescriptions);
  const read = { "auto-scaling-group": "ResourceId", key: "Key", value: "Value" } as const;
  const wanted = all.filter((tag) =>
    (input.Filters ?? []).every(({ Name = "", Values = [] }) => {
      if (!isFilter(Name)) throw validationError(`Filter type ${Name} is not correct`);
      return Values.includes(tag[read[Name]] ?? "");
    }),
  );
  const { items, nextToken } = page(wanted, input.MaxRecords ?? 50, input.NextToken);
  return { Tags: items, ...(nextToken ? { NextToken: nextToken } : {}) };
}

const isFilter = (name: string): name is "auto-scaling-group" | "key" | "value" =>
  name === "auto-scaling-group" || name === "key" || name === "value";
