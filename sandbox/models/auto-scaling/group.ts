// An Auto Scaling group and its instances, as the model keeps them. Only the journal changes an instance's state.
import type { LifecycleState } from "@aws-sdk/client-auto-scaling";
import type { Timer } from "../../clock.ts";
import { AwsError } from "../../ports.ts";
import type { GroupConfig, HookConfig, Transition } from "./types.ts";

export interface ManagedInstance {
  readonly instanceId: string;
  readonly group: Group;
  readonly launchedAt: number;
  /** undefined until its first state. */
  state: LifecycleState | undefined;
  healthy: boolean;
  /** Somebody said that it is unhealthy, though its machine runs. */
  condemned: boolean;
  /** The machine was powered on: from then on it has a health. */
  running: boolean;
  /** On its way out: counts for nothing any more, and no launch step may follow. */
  leaving: boolean;
  /** In the warm pool, or on its way there. */
  inPool: boolean;
  /** Settles when the path that the instance is on (launch, standby, …) has stopped touching it. */
  underway: Promise<void>;
  /** Load balancers that the group registered it with. */
  readonly registeredWith: Set<string>;
}

export interface Group {
  readonly config: GroupConfig;
  readonly createdAt: number;
  min: number;
  max: number;
  desired: number;
  readonly hooks: Map<string, HookConfig>;
  readonly loadBalancerNames: Set<string>;
  readonly tags: Map<string, string>;
  readonly instances: Map<string, ManagedInstance>;
  /** The next look at the capacity. */
  reconcile?: { due: number; timer: Timer };
}

export function newGroup(config: GroupConfig, now: number): Group {
  if (config.min > config.desired || config.desired > config.max) {
    throw new Error(
      `Group ${config.name}: desired capacity ${config.desired} is not within ${config.min}–${config.max}; ` +
        "correct the group's configuration.",
    );
  }
  return {
    config,
    createdAt: now,
    min: config.min,
    max: config.max,
    desired: config.desired,
    hooks: new Map((config.hooks ?? []).map((hook) => [hook.name, hook])),
    loadBalancerNames: new Set(config.loadBalancerNames),
    tags: new Map(Object.entries(config.tags ?? {})),
    instances: new Map(),
  };
}

const OUTSIDE_CAPACITY: ReadonlySet<LifecycleState> = new Set<LifecycleState>([
  "EnteringStandby",
  "Standby",
  "Detaching",
  "Detached",
]);

/** True for the instances that make up the desired capacity. */
export const counts = (instance: ManagedInstance): boolean =>
  !instance.leaving &&
  !instance.inPool &&
  (instance.state === undefined || !OUTSIDE_CAPACITY.has(instance.state));

export const hooksFor = (group: Group, transition: Transition): HookConfig[] =>
  [...group.hooks.values()].filter((hook) => hook.transition === transition);

export const validationError = (message: string): AwsError => new AwsError("ValidationError", message);

export function findGroup(groups: ReadonlyMap<string, Group>, name: string | undefined): Group {
  const group = groups.get(name ?? "");
  if (!group) throw validationError(`AutoScalingGroup name not found - AutoScalingGroup: ${name} not found`);
  return group;
}

export function findInstance(
  groups: ReadonlyMap<string, Group>,
  instanceId: string | undefined,
): ManagedInstance {
  for (const group of groups.values()) {
    const instance = group.instances.get(instanceId ?? "");
    if (instance) return instance;
  }
  throw validationError(`Instance Id not found - No managed instance found for instance ID: ${instanceId}`);
}
