// Desired capacity: launches what is missing, terminates what is too much, replaces what died.
import { counts, type Group, type ManagedInstance, validationError } from "./group.ts";
import { launch } from "./launch.ts";
import type { Parts } from "./parts.ts";
import { terminate } from "./terminate.ts";

export function setDesiredCapacity(parts: Parts, group: Group, desired: number | undefined): void {
  if (desired === undefined || !Number.isInteger(desired) || desired < 0) {
    throw validationError(`DesiredCapacity must be a whole number of at least 0, not '${desired}'`);
  }
  if (desired > group.max) {
    throw validationError(
      `New SetDesiredCapacity value ${desired} is above max value ${group.max} for the AutoScalingGroup.`,
    );
  }
  if (desired < group.min) {
    throw validationError(
      `New SetDesiredCapacity value ${desired} is below min value ${group.min} for the AutoScalingGroup.`,
    );
  }
  group.desired = desired;
  parts.reconcileSoon(group);
}

/** Lowers the desired capacity by what leaves on purpose, so that it is not replaced. */
export function decrementDesired(group: Group, by: number, doing: string): void {
  if (group.desired - by < group.min) {
    throw validationError(
      `Currently, desiredSize equals minSize (${group.min}). ${doing} without replacement will violate group's ` +
        "min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
    );
  }
  group.desired -= by;
}

/** Compares what counts with what is desired. Scale-in takes the oldest first. */
export function reconcile(parts: Parts, group: Group): void {
  const counted = [...group.instances.values()].filter(counts);
  const missing = group.desired - counted.length;
  for (let number = 0; number < missing; number++) {
    launch(
      parts,
      group,
      `an instance was started in response to a difference between desired and actual capacity, increasing ` +
        `the capacity from ${counted.length + number} to ${counted.length + number + 1}`,
    );
  }
  const oldestFirst = counted.toSorted((a, b) => a.launchedAt - b.launchedAt);
  for (const instance of oldestFirst.slice(0, Math.max(0, -missing))) {
    terminate(
      parts,
      instance,
      `an instance was taken out of service in response to a difference between desired and actual capacity, ` +
        `shrinking the capacity from ${counted.length} to ${group.desired}`,
    );
  }
}

/** What a health check of one's own found; the next look of the group acts on it. */
export function setInstanceHealth(instance: ManagedInstance, status: string | undefined): void {
  if (status !== "Healthy" && status !== "Unhealthy") {
    throw validationError(`HealthStatus must be Healthy or Unhealthy, not '${status}'`);
  }
  instance.condemned = status === "Unhealthy";
  instance.healthy = !instance.condemned;
}

/** EC2's health check: a machine that no longer runs is dead first, and its terminate hook fires afterwards (A7). */
export function checkHealth(parts: Parts, instances: Iterable<ManagedInstance>): void {
  for (const instance of [...instances]) {
    const alive = parts.machines.alive(instance.instanceId);
    if (!instance.running || (alive && !instance.condemned)) continue;
    instance.healthy = false;
    if (instance.leaving) continue;
    terminate(
      parts,
      instance,
      alive
        ? "an instance was taken out of service in response to a user health-check"
        : "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped",
    );
  }
}
