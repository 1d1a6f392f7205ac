// The steps of a retirement, each with what it does when it fails.
import { drainAnswer, leaveAnswer, parseAnswer } from "../swarm/answers.ts";
import { failureOf, StepFailure } from "./failure.ts";
import { type Answer, onHost } from "./host.ts";
import { outOfLoadBalancer } from "./load-balancer.ts";
import { onManager } from "./manager.ts";
import type { NodeHint } from "./node.ts";
import { type Shipping, waitUntilShipped } from "./ship.ts";
import type { Hold } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/** Draining takes what the load balancer allows (300 s by default); this share of the budget is for it, the rest for the logs. */
const LOAD_BALANCER_SHARE = 1 / 3;
/** In a hurry (Spot) the deregistration is asked for and the drain goes on beside it. */
const HURRY_MILLIS = 3_000;

/** A load balancer that cannot be left in time must not keep the logs from being shipped. */
export const leaveLoadBalancer = async (
  hold: Hold,
  loadBalancer: string,
  options: { attached: boolean; hurry: boolean },
): Promise<void> => {
  const { flow, world, lease } = hold;
  const share = (lease.deadline - lease.lookedAt) * LOAD_BALANCER_SHARE;
  const deadline = lease.lookedAt + (options.hurry ? HURRY_MILLIS : Math.max(0, share));
  try {
    await outOfLoadBalancer(hold, loadBalancer, { attached: options.attached, deadline });
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    await tell(hold, () =>
      world.log.error("not out of the load balancer: going on", {
        flow: flow.name,
        instanceId: lease.action.instanceId,
        ...failureOf(error),
      }),
    );
  }
};

/** In a step, so that no replay tells it again. */
const tell = (hold: Hold, log: () => void): Promise<void> => hold.flow.step("tell", async () => log());

/**
 * Drains every node of the instance. The mark that goes with the drain keeps a join in flight from ever activating it again.
 * @returns whether it was ever active: only such a machine can hold logs worth keeping it for.
 */
export const drainNode = async (
  hold: Hold,
  { nodeId, address }: NodeHint,
): Promise<{ everActive: boolean }> => {
  const answer = await onManager(hold, "drain node", drainAnswer, {
    document: "drain-node",
    parameters: { instanceId: hold.lease.action.instanceId, nodeId, address },
    executionSeconds: 60,
  });
  return { everActive: answer.activeSince !== "" };
};

/** A short look for a host that is in no swarm: it has hardly run anything. */
const OUTSIDER_SECONDS = 120;

/** Waits until every line was shipped, at the latest until `shipBy`. @param swarm the host's own word: `active`, `inactive`. */
export const shipLogs = async (
  hold: Hold,
  swarm: string,
  shipBy: EpochMillis,
): Promise<Shipping & { hostSilent: boolean }> => {
  const outsider = swarm === "inactive";
  const deadline = outsider ? Math.min(shipBy, hold.lease.lookedAt + OUTSIDER_SECONDS * 1000) : shipBy;
  try {
    const shipping = await waitUntilShipped(hold, deadline);
    // A machine that never ran a task has nothing to ship, whatever else is wrong with it.
    // It may have run some and left since (a join that was undone), so this is said only where its files could be read.
    const holdsNothing = shipping.allKnown && shipping.ranges.length === 0;
    if (outsider && !shipping.flushed && holdsNothing && !shipping.hostSilent) {
      const summary = `the host was in no swarm and holds no log lines (${shipping.summary})`;
      return { ...shipping, flushed: true, summary };
    }
    return shipping;
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return { flushed: false, summary: error.message, ranges: [], allKnown: false, hostSilent: false };
  }
};

/** Only after the logs: leaving removes the node's task containers and, with them, their own logs. */
export const leaveSwarm = async (hold: Hold, options: { returns: boolean }): Promise<void> => {
  const parameters = { clearMark: options.returns ? "yes" : "no" };
  const command = { document: "leave-swarm", parameters, executionSeconds: 90 };
  const answer = await onHost(hold, "leave swarm", command).catch((error: unknown): Answer => {
    if (!(error instanceof StepFailure)) throw error;
    return { kind: "silent", cause: error.message };
  });
  if (answer.kind === "answered") {
    parseAnswer(leaveAnswer, "leave-swarm", answer.stdout);
    return;
  }
  // The node is removed by force in any case, and the machine ends.
  await tell(hold, () =>
    hold.world.log.warn("host did not leave", {
      flow: hold.flow.name,
      instanceId: hold.lease.action.instanceId,
      cause: answer.cause,
    }),
  );
};
