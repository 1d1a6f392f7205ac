// Leaves nothing of a failed join behind: out of the load balancer, out of the swarm.
import { describeMember } from "../aws/auto-scaling.ts";
import { leaveAnswer, parseAnswer, removeAnswer } from "../swarm/answers.ts";
import { StepFailure } from "./failure.ts";
import { onHost } from "./host.ts";
import { outOfLoadBalancer } from "./load-balancer.ts";
import { onManager } from "./manager.ts";
import { type Hold, type Lease, watch } from "./watch.ts";

/** Tidying up after a failure must not keep the hook from being abandoned. */
const UNDO_SECONDS = 90;

/** Also when the instance is terminated meanwhile. */
const unbound = (hold: Hold): Hold => {
  const lease: Lease = { ...hold.lease, mayGoOn: () => true, heartbeatTimeoutSeconds: undefined };
  return { ...hold, lease };
};

/**
 * @param nodeId as the host gave it; empty: it gave none. A node that was never active carries no label to be found by.
 * @returns what could not be tidied, to be reported.
 */
export const undo = async (
  hold: Hold,
  loadBalancer: string | undefined,
  nodeId: string,
): Promise<string[]> => {
  const untidied: string[] = [];
  const start = await hold.flow.step("undo begins", async () => hold.world.now());
  const within = { deadline: start + UNDO_SECONDS * 1000 };
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      untidied.push(error instanceof Error ? error.message : String(error));
    }
  };
  if (loadBalancer)
    await attempt(() => outOfLoadBalancer(hold, loadBalancer, { attached: false, ...within }));
  await attempt(async () => {
    const command = { document: "leave-swarm", parameters: {}, executionSeconds: 60, ...within };
    const answer = await onHost(hold, "undo: leave", command);
    if (answer.kind !== "answered") throw new StepFailure("undo: leave", answer.cause);
    parseAnswer(leaveAnswer, "leave-swarm", answer.stdout);
  });
  await attempt(() =>
    onManager(unbound(hold), "undo: remove", removeAnswer, {
      document: "remove-node",
      parameters: { instanceId: hold.lease.action.instanceId, nodeId },
      executionSeconds: 60,
      deadline: start + 2 * UNDO_SECONDS * 1000,
    }),
  );
  return untidied;
};

/**
 * For a join that was overtaken: a node that no manager has labelled yet cannot be found by the retirement of a host that
 * died, so it is removed from here, once the instance is gone. Until then the retirement may still be at work on it.
 */
export const removeOnceGone = async (hold: Hold, nodeId: string): Promise<void> => {
  const free = unbound(hold);
  const gone = await watch<null, boolean>(free, "instance gone", {
    memory: null,
    deadline: free.lease.globalDeadline,
    look: async () => {
      const member = await describeMember(hold.world.autoScaling, hold.lease.action.instanceId);
      if (member === undefined) return { done: true };
      if (!/^(Warmed:)?Terminating(:Wait|:Proceed)?$/.test(member.lifecycleState)) return { done: false };
      return { memory: null, because: `the instance is ${member.lifecycleState}` };
    },
  });
  if (!gone) return;
  await onManager(free, "remove what joined", removeAnswer, {
    document: "remove-node",
    parameters: { instanceId: hold.lease.action.instanceId, nodeId },
    executionSeconds: 60,
  });
};
