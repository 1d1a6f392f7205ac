// The first look of a flow: what the group says of the instance, now. Events are hints; this is what decides.
import {
  describeGroups,
  describeHook,
  describeMember,
  type Group,
  type GroupMember,
  type HookAction,
} from "../aws/auto-scaling.ts";
import { errorText, isTransient } from "../aws/errors.ts";
import type { Flow } from "./flow.ts";
import type { Lease } from "./watch.ts";
import type { EpochMillis, World } from "./world.ts";

/** How long a state that should soon become the right one is waited for: events can come before it shows. */
const GRACE_SECONDS = 60;

export interface Opening {
  member: GroupMember | undefined;
  lookedAt: EpochMillis;
}

/**
 * Looks until `decided` says that the state tells enough, or the grace is over.
 * @returns the last state seen, whether decided or not.
 */
export const openFlow = async (
  flow: Flow,
  world: World,
  request: HookAction,
  name: string,
  decided: (member: GroupMember | undefined) => boolean,
): Promise<Opening> => {
  type Looking = Opening & { startedAt: EpochMillis };
  return await flow.poll<Looking>(name, { member: undefined, lookedAt: 0, startedAt: 0 }, async (before) => {
    const now = world.now();
    const startedAt = before.startedAt || now;
    try {
      const member = await describeMember(world.autoScaling, request.instanceId);
      const state = { member, lookedAt: now, startedAt };
      return decided(member) || now - startedAt > GRACE_SECONDS * 1000
        ? { state }
        : { state, againInSeconds: 2 };
    } catch (error) {
      if (!isTransient(error)) throw error;
      world.log.warn("look failed", {
        flow: flow.name,
        instanceId: request.instanceId,
        cause: errorText(error),
      });
      return { state: { ...before, startedAt }, againInSeconds: 5 };
    }
  });
};

export interface HookFacts {
  group: Group;
  heartbeatTimeoutSeconds: number;
  globalTimeoutSeconds: number;
  now: EpochMillis;
}

/** Group and hook as they are configured in the account, read once. */
export const readHook = (flow: Flow, world: World, request: HookAction): Promise<HookFacts> =>
  flow.step("read hook", async () => {
    const [groups, hook] = await Promise.all([
      describeGroups(world.autoScaling, [request.group]),
      describeHook(world.autoScaling, request.group, request.hook),
    ]);
    const group = groups[0];
    if (!group) throw new Error(`There is no Auto Scaling group ${request.group} (any more)`);
    // Which instances the group has is of no use here, and could be many.
    return { group: { ...group, instances: [] }, ...hook, now: world.now() };
  });

/** The global timeout began with the wait state, a little before the flow looked. */
const GLOBAL_MARGIN_SECONDS = 60;

export const takeLease = (
  request: HookAction,
  facts: HookFacts,
  budgetSeconds: number,
  mayGoOn: Lease["mayGoOn"],
  lookedAt: EpochMillis,
): Lease => {
  const margin = Math.min(GLOBAL_MARGIN_SECONDS, facts.globalTimeoutSeconds / 10);
  const globalDeadline = facts.now + (facts.globalTimeoutSeconds - margin) * 1000;
  return {
    action: request,
    mayGoOn,
    heartbeatTimeoutSeconds: facts.heartbeatTimeoutSeconds,
    deadline: Math.min(facts.now + budgetSeconds * 1000, globalDeadline),
    globalDeadline,
    // The event may have been late: the first wait sends a heartbeat at once.
    lastHeartbeat: 0,
    lookedAt,
  };
};
