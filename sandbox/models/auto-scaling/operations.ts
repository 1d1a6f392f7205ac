// The operations of Auto Scaling by name, with the shapes of the SDK.
import type * as Sdk from "@aws-sdk/client-auto-scaling";
import { decrementDesired, setDesiredCapacity, setInstanceHealth } from "./capacity.ts";
import * as describe from "./describe.ts";
import { counts, findGroup, findInstance } from "./group.ts";
import * as membership from "./membership.ts";
import type { Parts } from "./parts.ts";
import * as settings from "./settings.ts";
import { terminate } from "./terminate.ts";

export const operations = (parts: Parts) => ({
  CompleteLifecycleAction(input: Sdk.CompleteLifecycleActionType): Sdk.CompleteLifecycleActionAnswer {
    parts.actions.complete(parts.groups, input, input.LifecycleActionResult);
    return {};
  },
  RecordLifecycleActionHeartbeat(
    input: Sdk.RecordLifecycleActionHeartbeatType,
  ): Sdk.RecordLifecycleActionHeartbeatAnswer {
    parts.actions.heartbeat(parts.groups, input);
    return {};
  },
  SetDesiredCapacity(input: Sdk.SetDesiredCapacityType): void {
    setDesiredCapacity(parts, findGroup(parts.groups, input.AutoScalingGroupName), input.DesiredCapacity);
  },
  TerminateInstanceInAutoScalingGroup(input: Sdk.TerminateInstanceInAutoScalingGroupType): Sdk.ActivityType {
    const instance = findInstance(parts.groups, input.InstanceId);
    if (input.ShouldDecrementDesiredCapacity && counts(instance)) {
      decrementDesired(instance.group, 1, "Terminating instance");
    }
    const activity = terminate(
      parts,
      instance,
      "an instance was taken out of service in response to a user request",
    );
    return { Activity: { ...activity } };
  },
  SetInstanceHealth: (input: Sdk.SetInstanceHealthQuery): void =>
    setInstanceHealth(findInstance(parts.groups, input.InstanceId), input.HealthStatus),
  EnterStandby: (input: Sdk.EnterStandbyQuery): Sdk.EnterStandbyAnswer => ({
    Activities: membership.enterStandby(parts, input),
  }),
  ExitStandby: (input: Sdk.ExitStandbyQuery): Sdk.ExitStandbyAnswer => ({
    Activities: membership.exitStandby(parts, input),
  }),
  DetachInstances: (input: Sdk.DetachInstancesQuery): Sdk.DetachInstancesAnswer => ({
    Activities: membership.detachInstances(parts, input),
  }),
  AttachInstances: (input: Sdk.AttachInstancesQuery): void => membership.attachInstances(parts, input),
  DescribeAutoScalingGroups: (input: Sdk.AutoScalingGroupNamesType) =>
    describe.describeAutoScalingGroups(parts, input),
  DescribeAutoScalingInstances: (input: Sdk.DescribeAutoScalingInstancesType) =>
    describe.describeAutoScalingInstances(parts, input),
  DescribeLifecycleHooks: (input: Sdk.DescribeLifecycleHooksType) =>
    describe.describeLifecycleHooks(parts, input),
  DescribeScalingActivities: (input: Sdk.DescribeScalingActivitiesType) =>
    describe.describeScalingActivities(parts, input),
  PutLifecycleHook(input: Sdk.PutLifecycleHookType): Sdk.PutLifecycleHookAnswer {
    settings.putLifecycleHook(parts, input);
    return {};
  },
  UpdateAutoScalingGroup: (input: Sdk.UpdateAutoScalingGroupType): void =>
    settings.updateAutoScalingGroup(parts, input),
  AttachLoadBalancers(input: Sdk.AttachLoadBalancersType): Sdk.AttachLoadBalancersResultType {
    settings.attachLoadBalancers(parts, input);
    return {};
  },
  DetachLoadBalancers(input: Sdk.DetachLoadBalancersType): Sdk.DetachLoadBalancersResultType {
    settings.detachLoadBalancers(parts, input);
    return {};
  },
  DescribeLoadBalancers: (input: Sdk.DescribeLoadBalancersRequest) =>
    settings.describeLoadBalancers(parts, input),
  CreateOrUpdateTags: (input: Sdk.CreateOrUpdateTagsType): void => settings.createOrUpdateTags(parts, input),
  DescribeTags: (input: Sdk.DescribeTagsType) => settings.describeTags(parts, input),
});
