// What becomes of a machine whose logs were not shipped in time: kept, rescued to S3, or let go with an alarm, as configured.
import { describeGroups } from "../aws/auto-scaling.ts";
import type { HookFacts } from "./opening.ts";
import { rescueLogs, type Shipping } from "./ship.ts";
import type { Hold } from "./watch.ts";
import type { World } from "./world.ts";

export type Fate =
  | { go: true; logs: "shipped" | "none" | "rescued" | "given up" | "died with the host"; details: string }
  /** The machine stays, abandoned by its group and still billed. */
  | { go: false; details: string };

/** A decision of data: may this machine be kept? @returns the reason when it may not. */
export const whyNotRetain = (facts: {
  everActive: boolean;
  groupRetains: boolean;
  retained: number;
  cap: number;
}): string | undefined => {
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
  found: { shipping: Shipping; everActive: boolean },
): Promise<Fate> => {
  const { summary, ranges } = found.shipping;
  const notes: string[] = [summary];

  if (hold.world.config.unshipped === "retain") {
    const retained = await hold.flow.step("count retained", () =>
      countRetained(hold.world, hold.lease.action.group),
    );
    const obstacle = whyNotRetain({
      everActive: found.everActive,
      groupRetains: facts.group.retains,
      retained,
      cap: hold.world.config.retainCap,
    });
    if (obstacle === undefined) return { go: false, details: summary };
    notes.push(`not kept: ${obstacle}`);
  }
  // Whatever the policy, a bucket that is there is a better end than none.
  if (hold.world.config.unshipped !== "continue" && hold.world.config.rescueBucket) {
    const failed = await rescueLogs(hold, ranges, hold.lease.deadline);
    if (failed === undefined) return { go: true, logs: "rescued", details: notes.join("; ") };
    notes.push(`not rescued: ${failed}`);
  }
  return { go: true, logs: "given up", details: notes.join("; ") };
};

const countRetained = async (world: World, group: string): Promise<number> => {
  const [found] = await describeGroups(world.autoScaling, [group]);
  return (found?.instances ?? []).filter(({ lifecycleState }) => lifecycleState === "Terminating:Retained")
    .length;
};
