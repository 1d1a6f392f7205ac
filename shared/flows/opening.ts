// The first look of a flow: what the group says of the instance, now. Events are hints; this is what decides.
import {
  describeGroups,
  describeHook,
  describeMember,
  type Group,
  type GroupMember,
  type HookAction,
  heartbeat,
} from "../aws/auto-scaling.ts";
import { errorText, isTransient } from "../aws/errors.ts";
import { stepMeasured } from "../metrics.ts";
import { StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import type { Lease } from "./watch.ts";
import type { EpochMillis, FlowRequest, World } from "./world.ts";

/** How long a state that should soon become the right one is waited for: events can come before it shows. */
const GRACE_SECONDS = 60;

export interface Opening {
  member: GroupMember | undefined;
  startedAt: EpochMillis;
  lookedAt: EpochMillis;
}

/** One record for each wait, as `watch` tells its own. */
const tellEnd = (
  flow: Flow,
  world: World,
  { instanceId }: { instanceId: string },
  step: string,
  startedAt: EpochMillis,
  failed?: string,
): void => {
  const seconds = Math.round((world.now() - startedAt) / 100) / 10;
  const record = { flow: flow.name, instanceId, step, seconds };
  const measured = stepMeasured(flow.name, step, seconds, failed !== undefined);
  if (failed === undefined) world.log.info("step ended", { ...record, outcome: "done" }, measured);
  else world.log.info("step ended", { ...record, outcome: "failed", cause: failed }, measured);
};

/**
 * Looks until `decided` says that the state tells enough, or the grace is over.
 * @returns the last state seen, whether decided or not.
 */
export const openFlow = async (
  flow: Flow,
  world: World,
  request: FlowRequest,
  name: string,
  decided: (member: GroupMember | undefined) => boolean,
): Promise<Opening> => {
  const initial: Opening = { member: undefined, lookedAt: 0, startedAt: 0 };
  return await flow.poll<Opening>(name, initial, async (before) => {
    const now = world.now();
    const startedAt = before.startedAt || now;
    try {
      const member = await describeMember(world.autoScaling, request.instanceId);
      const state = { member, lookedAt: now, startedAt };
      if (!decided(member) && now - startedAt <= GRACE_SECONDS * 1000) return { state, againInSeconds: 2 };
      tellEnd(flow, world, request, name, startedAt);
      return { state };
    } catch (error) {
      if (!isTransient(error)) {
        tellEnd(flow, world, request, name, startedAt, errorText(error));
        throw error;
      }
      world.log.warn("look failed", {
        flow: flow.name,
        instanceId: request.instanceId,
        cause: errorText(error),
      });
      if ("hook" in request) await keepAlive(flow, world, request);
      return { state: { ...before, startedAt }, againInSeconds: THROTTLED_SECONDS };
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
export const readHook = async (flow: Flow, world: World, request: HookAction): Promise<HookFacts> => {
  type Reading = { startedAt: EpochMillis; facts?: HookFacts; failed?: string };
  const failedFor = (startedAt: EpochMillis, failed: string): { state: Reading } => {
    tellEnd(flow, world, request, "read hook", startedAt, failed);
    return { state: { startedAt, failed } };
  };
  const { facts, failed } = await flow.poll<Reading>("read hook", { startedAt: 0 }, async (before) => {
    const startedAt = before.startedAt || world.now();
    try {
      const [groups, hook] = await Promise.all([
        describeGroups(world.autoScaling, [request.group]),
        describeHook(world.autoScaling, request.group, request.hook),
      ]);
      const group = groups[0];
      if (!group) return failedFor(startedAt, `there is no group ${request.group} (any more)`);
      tellEnd(flow, world, request, "read hook", startedAt);
      // Which instances the group has is of no use here, and could be many.
      return {
        state: { startedAt, facts: { group: { ...group, instances: [] }, ...hook, now: world.now() } },
      };
    } catch (error) {
      const late = world.now() - startedAt > MOST_THROTTLED_SECONDS * 1000;
      if (late || !isTransient(error)) return failedFor(startedAt, errorText(error));
      await keepAlive(flow, world, request);
      return { state: { startedAt }, againInSeconds: THROTTLED_SECONDS };
    }
  });
  if (facts) return facts;
  throw new StepFailure("read hook", failed ?? "nothing was read");
};

/** Pause before describing again; short enough to keep a hook alive whose heartbeat timeout is 30 s. */
const THROTTLED_SECONDS = 10;
const MOST_THROTTLED_SECONDS = 1_800;

/** Describing is throttled long before heartbeats are. Nothing is known of the hook yet: where none waits this does nothing. */
const keepAlive = (flow: Flow, world: World, request: HookAction): Promise<void> =>
  heartbeat(world.autoScaling, request).catch((error: unknown) =>
    world.log.warn("heartbeat failed", {
      flow: flow.name,
      instanceId: request.instanceId,
      cause: errorText(error),
    }),
  );

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
    about: { instanceId: request.instanceId },
    action: request,
    mayGoOn,
    heartbeatTimeoutSeconds: facts.heartbeatTimeoutSeconds,
    deadline: Math.min(facts.now + budgetSeconds * 1000, globalDeadline),
    globalDeadline,
    // The event may have been late: the first wait sends a heartbeat at once.
    lastHeartbeat: 0,
    lookedAt,
    endedAt: lookedAt,
  };
};
