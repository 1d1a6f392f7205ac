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
  /** To a warm pool, alive; ABANDON would end it. */
  returns?: boolean;
  groupRetains: boolean;
  retained: number;
  cap: number;
}): string | undefined => {
  if (facts.dying) return "EC2 takes it back in any case";
  if (facts.returns) return "it goes back to its warm pool, alive and with its log files";
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
  found: { shipping: Shipping; everActive: boolean; dying: boolean; returns: boolean },
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

/** One that is ahead and does not decide in so long is passed by; and in the end nobody is waited for. */
const PATIENCE_MILLIS = 60_000;
const MOST_PATIENCE_MILLIS = 900_000;

/** A decision of data: must nobody who is ahead decide first? @param facts.ahead retiring machines of the group with smaller ids. */
export const mayDecide = (facts: {
  retained: number;
  cap: number;
  ahead: number;
  waitedMillis: number;
}): boolean => {
  const { retained, cap, ahead, waitedMillis } = facts;
  if (retained >= cap || waitedMillis >= MOST_PATIENCE_MILLIS) return true;
  return ahead < cap - retained + Math.floor(waitedMillis / PATIENCE_MILLIS);
};

/**
 * How many machines of the group are kept. When the output of a whole fleet is blocked, its retirements come here together and would
 * all count none; so the places that are free belong to the first ones in the order of their ids, and whoever is next waits until
 * those are kept or gone.
 */
const retainedBefore = (hold: Hold): Promise<number> =>
  watch<{ since: EpochMillis }, number>(hold, "count retained", {
    memory: { since: 0 },
    deadline: hold.lease.globalDeadline,
    look: async (before, now) => {
      const { group, instanceId } = hold.lease.action;
      const [found] = await describeGroups(hold.world.autoScaling, [group]);
      const inState = (state: string) =>
        (found?.instances ?? []).filter(({ lifecycleState }) => lifecycleState === state);
      const retained = inState(RETAINED).length;
      const ahead = inState("Terminating:Wait").filter((other) => other.instanceId < instanceId).length;
      const since = before.since || now;
      const cap = hold.world.config.retainCap;
      if (mayDecide({ retained, cap, ahead, waitedMillis: now - since })) return { done: retained };
      return { memory: { since }, because: `${ahead} others decide first` };
    },
  });
