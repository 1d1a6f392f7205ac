// Leaves nothing of a failed or overtaken join behind: out of the load balancer, out of the swarm.
import { describeMember } from "../aws/auto-scaling.ts";
import { deregister } from "../aws/load-balancing.ts";
import { leaveAnswer, parseAnswer } from "../swarm/answers.ts";
import { demoteNode } from "./demote.ts";
import { failureOf, GONE, StepFailure } from "./failure.ts";
import { whateverItsState, withoutHook } from "./hold.ts";
import { onHost } from "./host.ts";
import type { Joining } from "./joining.ts";
import { outOfLoadBalancer } from "./load-balancer.ts";
import { removeNode } from "./node.ts";
import { type Hold, watch } from "./watch.ts";

/** Tidying up after a failure must not keep the hook from being abandoned. */
const UNDO_SECONDS = 90;

/** A manager cannot demote itself. */
const askingOthers = (hold: Hold): Hold => ({
  ...hold,
  lease: { ...hold.lease, notAsked: hold.lease.action.instanceId },
});

/** @returns what could not be tidied, to be reported. */
export const undo = async (hold: Hold, joining: Joining): Promise<string[]> => {
  const { loadBalancer } = hold.world.config;
  const untidied: string[] = [];
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      untidied.push(error instanceof Error ? error.message : String(error));
    }
  };
  // What never got into the swarm has nothing to take back there.
  if (joining.role === "manager" && joining.nodeId === "") return [];
  // One that is missed among the managers is not made to leave: its vote goes first, however long that takes.
  if (joining.role === "manager")
    await attempt(() => demoteNode(askingOthers(whateverItsState(hold)), joining));
  if (untidied.length > 0) return untidied;
  const start = await hold.flow.step("undo begins", async () => hold.world.now());
  const deadline = start + UNDO_SECONDS * 1000;
  if (loadBalancer && joining.registered && !joining.serving)
    await attempt(() => outOfLoadBalancer(hold, loadBalancer, { attached: false, deadline }));
  await attempt(async () => {
    const parameters = { clearMark: "no" };
    const command = { document: "leave-swarm", parameters, executionSeconds: 60, deadline };
    const answer = await onHost(hold, "undo: leave", command);
    if (answer.kind !== "answered") throw new StepFailure("undo: leave", answer.cause);
    parseAnswer(leaveAnswer, "leave-swarm", answer.stdout);
  });
  await attempt(() =>
    removeNode(whateverItsState(hold), "undo: remove", joining, deadline + UNDO_SECONDS * 1000),
  );
  return untidied;
};

const leaving = (state: string): boolean => /^(Warmed:)?Terminating/.test(state) || state === GONE;

/**
 * For a join that was overtaken.
 * @param state that overtook it; one that is in service after all (its hook completed by hand) keeps its place.
 */
export const undoOvertaken = async (hold: Hold, joining: Joining, state: string): Promise<void> => {
  // What served before has a node that is not this flow's; a host that never answered has joined nothing.
  const mayHaveJoined = joining.serving ? joining.unfinished : joining.address !== "";
  if (joining.registered) await deregisterLeaving(hold, state);
  if (mayHaveJoined) await removeOnceGone(hold, joining);
};

/**
 * The retirement may have left the load balancer before the join registered, and would not look again: the machine would get
 * requests while it goes, and stay a member when it is gone. At once, and unproved: the retirement does not wait for it.
 */
const deregisterLeaving = async ({ flow, world, lease }: Hold, state: string): Promise<void> => {
  const { loadBalancer } = world.config;
  if (loadBalancer === undefined || !leaving(state)) return;
  const { instanceId } = lease.action;
  try {
    await flow.step("undo: deregister", () => deregister(world.loadBalancing, loadBalancer, instanceId));
  } catch (error) {
    const told = { flow: flow.name, instanceId, ...failureOf(error) };
    await flow.step("tell", async () => world.log.error("not out of the load balancer: going on", told));
  }
};

/** The retirement may have looked for the node before the host joined, and found nothing: what is left once the instance is gone goes from here. */
const removeOnceGone = async (hold: Hold, joining: Joining): Promise<void> => {
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
  if (!gone) return;
  if (joining.role === "manager") await demoteNode(askingOthers(free), joining);
  await removeNode(free, "remove what joined", joining);
};
