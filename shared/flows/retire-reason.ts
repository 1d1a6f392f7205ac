// Why an instance is to be retired, as its group, its hook and its host say it. A forged or early event finds no reason.
import { type GroupMember, heartbeat } from "../aws/auto-scaling.ts";
import { errorText, isTransient } from "../aws/errors.ts";
import type { Flow } from "./flow.ts";
import { openFlow } from "./opening.ts";
import { spotNotice } from "./retire-host.ts";
import { isRetiring, RETURNING } from "./retire-states.ts";
import type { EpochMillis, HookRequest, World } from "./world.ts";

export type Reason =
  /** Its terminate hook waits. `returns`: to a warm pool, alive. */
  | { kind: "hook"; returns: boolean }
  /** EC2 takes it at that time; the hook fires only afterwards. */
  | { kind: "spot"; until: EpochMillis }
  | { kind: "none" };

export interface Found {
  reason: Reason;
  member: GroupMember | undefined;
  startedAt: EpochMillis;
  lookedAt: EpochMillis;
}

/** A warning comes two minutes ahead; used where the host's own notice carries no time that can be read. */
const WARNING_MILLIS = 105_000;

export const findReason = async (flow: Flow, world: World, request: HookRequest): Promise<Found> => {
  const settled = (state: string | undefined) =>
    isRetiring(state) || state === "InService" || state === RETURNING;
  const first = await openFlow(flow, world, request, "look", (seen) => settled(seen?.lifecycleState));
  const state = first.member?.lifecycleState;
  if (first.member?.group !== request.group) return { ...first, reason: { kind: "none" } };
  if (isRetiring(state)) return { ...first, reason: { kind: "hook", returns: false } };
  if (state === RETURNING) {
    // A launch into the pool waits in this state too; only the hook itself tells them apart.
    const ours = await hookWaits(flow, world, request);
    return { ...first, reason: ours ? { kind: "hook", returns: true } : { kind: "none" } };
  }
  if (state !== "InService") return { ...first, reason: { kind: "none" } };

  // Asked at once: of the two minutes of a Spot warning none is to be slept away.
  const notice = await spotNotice(flow, world, request, first.lookedAt);
  if (notice !== undefined) {
    const until = Date.parse(notice) || first.lookedAt + WARNING_MILLIS;
    return { ...first, reason: { kind: "spot", until } };
  }
  // The event can be ahead of what describing shows.
  const second = await openFlow(flow, world, request, "look again", (seen) =>
    isRetiring(seen?.lifecycleState),
  );
  const retiring = second.member?.group === request.group && isRetiring(second.member.lifecycleState);
  return {
    ...second,
    startedAt: first.startedAt,
    reason: retiring ? { kind: "hook", returns: false } : { kind: "none" },
  };
};

const hookWaits = (flow: Flow, world: World, request: HookRequest): Promise<boolean> =>
  flow.step("does the hook wait", async () => {
    try {
      await heartbeat(world.autoScaling, request);
      return true;
    } catch (error) {
      if (isTransient(error)) throw error;
      world.log.info("the hook does not wait", {
        flow: flow.name,
        instanceId: request.instanceId,
        cause: errorText(error),
      });
      return false;
    }
  });
