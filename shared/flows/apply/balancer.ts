// Who should be behind the load balancer is registered, and who should not is taken out: many in one call, and only who is still to be.
import { describeMembers } from "../../aws/auto-scaling.ts";
import { errorText } from "../../aws/errors.ts";
import { runningExecutions } from "../../aws/executions.ts";
import { deregister, isTerminated, register } from "../../aws/load-balancing.ts";
import type { Action } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import type { InstanceId } from "../../identifiers.ts";
import type { RepairWorld } from "../world.ts";
import { type Applier, attempt, each, portions } from "./errand.ts";

/** What one call describes. */
const MOST_AT_ONCE = 50;

type OfInstance = Action & { instanceId: InstanceId };

/** Those of each portion, with the load balancer, which every such action is about. */
const inPortions =
  (
    run: (
      errand: Parameters<Applier>[0],
      loadBalancer: string,
      some: readonly OfInstance[],
    ) => Promise<AppliedView[]>,
  ): Applier =>
  async (errand, actions) => {
    const { loadBalancer } = errand.world.config;
    const ofInstances = actions.filter((action): action is OfInstance => action.instanceId !== undefined);
    if (loadBalancer === undefined) return [];
    const views = await each(portions(ofInstances, MOST_AT_ONCE), (some) =>
      attempt(some, () => run(errand, loadBalancer, some)),
    );
    return views.flat();
  };

export const registerInstances = inPortions(({ flow, world }, loadBalancer, some) =>
  flow.step("register instances", () => registerSome(world, loadBalancer, some)),
);

export const deregisterInstances = inPortions(({ flow, world }, loadBalancer, some) =>
  flow.step("deregister instances", () => deregisterSome(world, loadBalancer, some)),
);

/** Why an instance must not be behind the load balancer now; one that is missing may be. */
const unfit = async (
  { autoScaling, lambda, functions }: RepairWorld,
  instanceIds: readonly InstanceId[],
): Promise<ReadonlyMap<InstanceId, string>> => {
  const members = await describeMembers(autoScaling, instanceIds);
  const retiring = await runningExecutions(lambda, functions.retire);
  return new Map(
    instanceIds.flatMap((instanceId): (readonly [InstanceId, string])[] => {
      const state = members.get(instanceId)?.lifecycleState ?? "gone from its group";
      if (state !== "InService") return [[instanceId, `the instance is ${state} now`]];
      const flow = retiring.find(({ name }) => name.startsWith(`retire-${instanceId}-`));
      return flow ? [[instanceId, `${flow.name} is at it`]] : [];
    }),
  );
};

/**
 * An instance can begin to go just before it is registered, and its retirement take it out before that too: looked at again afterwards, it
 * is taken out once more. The same for what an attempt that was cut off may have registered.
 */
const registerSome = async (
  world: RepairWorld,
  loadBalancer: string,
  actions: readonly OfInstance[],
): Promise<AppliedView[]> => {
  const ids = actions.map(({ instanceId }) => instanceId);
  const before = await unfit(world, ids);
  const failed = await registerFit(
    world,
    loadBalancer,
    ids.filter((id) => !before.has(id)),
  );
  const after = before.size === ids.length ? before : await unfit(world, ids);
  const leaving = ids.filter((id) => after.has(id));
  if (leaving.length > 0) await deregister(world.loadBalancing, loadBalancer, ...leaving);
  return actions.map((action) => {
    const because = after.get(action.instanceId);
    if (because !== undefined) return applied(action, "not applied", because);
    const cause = failed.get(action.instanceId) ?? before.get(action.instanceId);
    return cause === undefined ? applied(action, "done", "") : applied(action, "failed", cause);
  });
};

/** @returns why some were not registered: one that does not exist any more fails alone. */
const registerFit = async (
  world: RepairWorld,
  loadBalancer: string,
  instanceIds: readonly InstanceId[],
): Promise<ReadonlyMap<InstanceId, string>> => {
  if (instanceIds.length === 0) return new Map();
  try {
    await register(world.loadBalancing, loadBalancer, ...instanceIds);
    return new Map();
  } catch (error) {
    if (!isTerminated(error)) throw error;
    const [only, ...others] = instanceIds;
    if (only !== undefined && others.length === 0) return new Map([[only, errorText(error)]]);
  }
  const apart = await each(instanceIds, (one) => registerFit(world, loadBalancer, [one]));
  return new Map(apart.flatMap((failed) => [...failed]));
};

const deregisterSome = async (
  { autoScaling, loadBalancing }: RepairWorld,
  loadBalancer: string,
  actions: readonly OfInstance[],
): Promise<AppliedView[]> => {
  const ids = actions.map(({ instanceId }) => instanceId);
  const members = await describeMembers(autoScaling, ids);
  const strangers = ids.filter((id) => !members.has(id));
  if (strangers.length > 0) await deregister(loadBalancing, loadBalancer, ...strangers);
  return actions.map((action) => {
    const member = members.get(action.instanceId);
    return member === undefined
      ? applied(action, "done", "")
      : applied(action, "not applied", `group ${member.group} knows it again (${member.lifecycleState})`);
  });
};
