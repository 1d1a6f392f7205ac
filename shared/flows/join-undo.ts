// Leaves nothing of a failed or overtaken join behind: out of the load balancer, out of the swarm.
import { describeMember } from "../aws/auto-scaling.ts";
import { deregister } from "../aws/load-balancing.ts";
import { leaveAnswer, parseAnswer } from "../swarm/answers.ts";
import { GONE, StepFailure } from "./failure.ts";
import { whateverItsState, withoutHook } from "./hold.ts";
import { onHost } from "./host.ts";
import { outOfLoadBalancer } from "./load-balancer.ts";
import { type NodeHint, removeNode } from "./node.ts";
import { type Hold, watch } from "./watch.ts";

/** Tidying up after a failure must not keep the hook from being abandoned. */
const UNDO_SECONDS = 90;

/** @returns what could not be tidied, to be reported. */
export const undo = async (hold: Hold, progress: NodeHint & { registered: boolean }): Promise<string[]> => {
  const { loadBalancer } = hold.world.config;
  const untidied: string[] = [];
  const start = await hold.flow.step("undo begins", async () => hold.world.now());
  const deadline = start + UNDO_SECONDS * 1000;
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      untidied.push(error instanceof Error ? error.message : String(error));
    }
  };
  if (loadBalancer && progress.registered)
    await attempt(() => outOfLoadBalancer(hold, loadBalancer, { attached: false, deadline }));
  await attempt(async () => {
    const parameters = { clearMark: "no" };
    const command = { document: "leave-swarm", parameters, executionSeconds: 60, deadline };
    const answer = await onHost(hold, "undo: leave", command);
    if (answer.kind !== "answered") throw new StepFailure("undo: leave", answer.cause);
    parseAnswer(leaveAnswer, "leave-swarm", answer.stdout);
  });
  await attempt(() =>
    removeNode(whateverItsState(hold), "undo: remove", progress, deadline + UNDO_SECONDS * 1000),
  );
  return untidied;
};

const leaving = (state: string): boolean => /^(Warmed:)?Terminating/.test(state) || state === GONE;

/**
 * For a join that was overtaken. The retirement may have left the load balancer before the join registered, and would not look again: the
 * machine would get requests while it goes, and stay a member when it is gone. At once, and unproved: the retirement does not wait for it.
 * @param state that overtook it; one that is in service after all (its hook completed by hand) keeps its place.
 */
export const deregisterLeaving = async ({ flow, world, lease }: Hold, state: string): Promise<void> => {
  const { loadBalancer } = world.config;
  if (loadBalancer === undefined || !leaving(state)) return;
  await flow.step("undo: deregister", () =>
    deregister(world.loadBalancing, loadBalancer, lease.action.instanceId),
  );
};

/**
 * For a join that was overtaken. The retirement may have looked for the node before the host joined, and found nothing: what is
 * left once the instance is gone goes from here.
 */
export const removeOnceGone = async (hold: Hold, node: NodeHint): Promise<void> => {
  const free = withoutHook(hold);
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
  if (gone) await removeNode(free, "remove what joined", node);
};
