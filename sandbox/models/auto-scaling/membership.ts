// Ways in and out of service that are not scaling: standby, detach, attach (facts A12).
import type { Activity } from "@aws-sdk/client-auto-scaling";
import { decrementDesired } from "./capacity.ts";
import { counts, findGroup, type Group, type ManagedInstance, validationError } from "./group.ts";
import { admit, enter } from "./launch.ts";
import { deregisterFromLoadBalancers, type Parts, registerWithLoadBalancers } from "./parts.ts";

interface Members {
  AutoScalingGroupName: string | undefined;
  InstanceIds?: string[] | undefined;
}

type Leaving = Members & { ShouldDecrementDesiredCapacity: boolean | undefined };

export function enterStandby(parts: Parts, input: Leaving): Activity[] {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const instances = members(group, input.InstanceIds, "InService");
  if (input.ShouldDecrementDesiredCapacity) decrementDesired(group, instances.length, "Entering standby");
  return instances.map((instance) => {
    const activity = begin(parts, group, `Moving EC2 instance to Standby: ${instance.instanceId}`);
    parts.journal.move(instance, "EnteringStandby", "EnterStandby was called");
    parts.reconcileSoon(group);
    instance.underway = deregisterFromLoadBalancers(parts, instance).then(() => {
      parts.activities.end(activity, "Successful");
      if (instance.leaving) return;
      parts.journal.move(instance, "Standby", "out of the load balancers");
    });
    return activity;
  });
}

/** Back into service, without launch hooks; the desired capacity grows by as many. */
export function exitStandby(parts: Parts, input: Members): Activity[] {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const instances = members(group, input.InstanceIds, "Standby");
  growDesired(group, instances.length);
  return instances.map((instance) => {
    const activity = begin(parts, group, `Moving EC2 instance out of Standby: ${instance.instanceId}`);
    parts.journal.move(instance, "Pending", "ExitStandby was called");
    instance.underway = registerWithLoadBalancers(parts, instance).then(() => {
      parts.activities.end(activity, "Successful");
      if (!instance.leaving) parts.journal.move(instance, "InService", "back from standby");
    });
    return activity;
  });
}

/** Out of the group without any hook; the machine goes on running. */
export function detachInstances(parts: Parts, input: Leaving): Activity[] {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const instances = members(group, input.InstanceIds, "InService", "Standby");
  if (input.ShouldDecrementDesiredCapacity) {
    decrementDesired(group, instances.filter(counts).length, "Detaching instances");
  }
  return instances.map((instance) => {
    const activity = begin(parts, group, `Detaching EC2 instance: ${instance.instanceId}`);
    parts.journal.move(instance, "Detaching", "DetachInstances was called");
    parts.reconcileSoon(group);
    instance.underway = deregisterFromLoadBalancers(parts, instance).then(() => {
      parts.activities.end(activity, "Successful");
      if (instance.leaving) return;
      group.instances.delete(instance.instanceId);
      parts.journal.move(instance, "Detached", "out of the load balancers");
    });
    return activity;
  });
}

/** Takes a running machine into the group, through the launch hooks; the desired capacity grows by as many. */
export function attachInstances(parts: Parts, input: Members): void {
  const group = findGroup(parts.groups, input.AutoScalingGroupName);
  const ids = input.InstanceIds ?? [];
  for (const instanceId of ids) {
    if (!parts.machines.alive(instanceId)) throw validationError(`Invalid Instance ID(s): [${instanceId}]`);
    const owner = [...parts.groups.values()].find((one) => one.instances.has(instanceId));
    if (owner) {
      throw validationError(
        `Instance ${instanceId} is already part of AutoScalingGroup:${owner.config.name}`,
      );
    }
  }
  growDesired(group, ids.length);
  for (const instanceId of ids) {
    const instance = admit(parts, group, instanceId);
    instance.running = true;
    const activity = begin(parts, group, `Attaching an existing EC2 instance: ${instanceId}`);
    parts.journal.move(instance, "Pending", "AttachInstances was called");
    instance.underway = enter(parts, instance, activity);
  }
}

function members(group: Group, ids: string[] | undefined, ...states: string[]): ManagedInstance[] {
  return (ids ?? []).map((instanceId) => {
    const instance = group.instances.get(instanceId);
    if (!instance) {
      throw validationError(
        `The instance ${instanceId} is not part of Auto Scaling group ${group.config.name}.`,
      );
    }
    if (instance.leaving || !states.includes(instance.state ?? "")) {
      throw validationError(`The instance ${instanceId} is not in ${states.join(" or ")}.`);
    }
    return instance;
  });
}

function growDesired(group: Group, by: number): void {
  if (group.desired + by > group.max) {
    throw validationError(
      `The desired capacity ${group.desired} and ${by} more instances are above max value ${group.max} for the ` +
        `AutoScalingGroup ${group.config.name}.`,
    );
  }
  group.desired += by;
}

const begin = (parts: Parts, group: Group, description: string) =>
  parts.activities.begin(
    group.config.name,
    description,
    "an instance was moved in response to a user request",
    "InProgress",
  );
