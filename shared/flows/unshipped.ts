// What becomes of a machine whose logs were not shipped in time: kept, rescued to S3, or let go with an alarm, as configured.
import { describeGroups } from "../aws/auto-scaling.ts";
import type { HookFacts } from "./opening.ts";
import { rescueLogs } from "./rescue.ts";
import { RETAINED } from "./retire-states.ts";
import type { Shipping } from "./ship.ts";
import { type Hold, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/** Where the log lines of a machine that went have gone. */
export type LogsEnd = "shipped" | "none" | "rescued" | "partly rescued" | "given up" | "died with the host";

export type Fate =
  | { go: true; logs: LogsEnd; details: string }
  /** The machine stays, abandoned by its group and still billed. */
  | { go: false; details: string };

/** A decision of data: may this machine be kept? @returns the reason when it may not. */
export const whyNotRetain = (facts: {
  everActive: boolean;
  /** EC2 takes it anyway. */
  dying: boolean;
  groupRetains: boolean;
  retained: number;
  cap: number;
}): string | undefined => {
  if (facts.dying) return "EC2 takes it back in any case";
  if (!facts.everActive) return "it was never active in the swarm";
  if (!facts.groupRetains)
    return "the group does not retain (InstanceLifecyclePolicy, RetentionTriggers, TerminateHookAbandon: retain)";
  if (facts.retained >= facts.cap)
    return `${facts.retained} machines of the group are kept already, and the cap is ${facts.cap}`;
  return undefined;
};

export const fateOf = async (
  hold: Hold,
  facts: HookFacts,
  found: { shipping: Shipping; everActive: boolean; dying: boolean },
): Promise<Fate> => {
  const { config } = hold.world;
  const notes: string[] = [found.shipping.summary];

  if (config.unshipped === "retain") {
    const possible = { ...found, groupRetains: facts.group.retains, retained: 0, cap: config.retainCap };
    // Counted only where it matters, since it may have to wait its turn.
    const retained = whyNotRetain(possible) === undefined ? await retainedBefore(hold) : 0;
    const obstacle = whyNotRetain({ ...possible, retained });
    if (obstacle === undefined) return { go: false, details: found.shipping.summary };
    notes.push(`not kept: ${obstacle}`);
  }
  // Also where the machine could not be kept: a bucket that is there is a better end than none.
  if (config.unshipped !== "continue" && config.rescueBucket) {
    const rescue = await rescueLogs(hold, found.shipping);
    if (rescue.rescued === "all") return { go: true, logs: "rescued", details: notes.join("; ") };
    notes.push(`${rescue.rescued === "part" ? "partly" : "not"} rescued: ${rescue.because}`);
    if (rescue.rescued === "part") return { go: true, logs: "partly rescued", details: notes.join("; ") };
  }
  return { go: true, logs: "given up", details: notes.join("; ") };
};

/** Time for the one before to be seen as kept. */
const TURN_MILLIS = 5_000;
const MOST_TURNS = 60;

/**
 * How many machines of the group are kept. When the output of a whole fleet is blocked, its retirements come here together and would
 * all count none; so each waits its turn, in the order of their ids.
 */
const retainedBefore = (hold: Hold): Promise<number> =>
  watch<{ since: EpochMillis; turn: number }, number>(hold, "count retained", {
    memory: { since: 0, turn: 0 },
    deadline: hold.lease.globalDeadline,
    look: async (before, now) => {
      const { group, instanceId } = hold.lease.action;
      const [found] = await describeGroups(hold.world.autoScaling, [group]);
      const inState = (state: string) =>
        (found?.instances ?? []).filter(({ lifecycleState }) => lifecycleState === state);
      const ids = inState("Terminating:Wait")
        .map((instance) => instance.instanceId)
        .sort();
      const turn =
        before.since > 0 ? before.turn : Math.min(MOST_TURNS, Math.max(0, ids.indexOf(instanceId)));
      const since = before.since || now;
      if (now - since >= turn * TURN_MILLIS) return { done: inState(RETAINED).length };
      return { memory: { since, turn }, because: `${turn} others decide first` };
    },
  });
