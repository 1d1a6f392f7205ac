// What a repair's look comes to in numbers: the gauges that alarms stand on. A pure function of the picture.
import type { InstanceId } from "../identifiers.ts";
import type { Measured } from "../metrics.ts";
import { quorumOf } from "../swarm/quorum.ts";
import type { Known, Snapshot } from "./snapshot.ts";

/** Milliseconds since the epoch at which the launch or the termination of an instance began, of those that wait in a hook. */
export type Waits = ReadonlyMap<InstanceId, number>;

export interface WaitBudgets {
  joinDeadlineSeconds: number;
  retireDeadlineSeconds: number;
}

export const waitingMembers = ({ members }: Pick<Snapshot, "members">) =>
  members.known ? members.value.filter(({ lifecycleState }) => lifecycleState.endsWith(":Wait")) : [];

/** What could not be read is no number: a gauge that is missing says so, and `PartsUnread` counts it. */
export const gaugesOf = (
  snapshot: Snapshot,
  waits: Known<Waits>,
  budgets: WaitBudgets,
  now: number,
): Measured["values"] => {
  const { members, swarm } = snapshot;
  return {
    ...(members.known && {
      MachinesRetained: members.value.filter(
        ({ lifecycleState }) => lifecycleState === "Terminating:Retained",
      ).length,
      ...(waits.known && { WaitPercent: oldestWait(snapshot, waits.value, budgets, now) }),
    }),
    ManagersAnswer: swarm.known ? 1 : 0,
    ...(swarm.known && { ManagersReachable: quorumOf(swarm.value.nodes).reachable }),
    PartsUnread: unread(snapshot, waits),
  };
};

const oldestWait = (snapshot: Snapshot, waits: Waits, budgets: WaitBudgets, now: number): number =>
  Math.max(
    0,
    ...waitingMembers(snapshot).map(({ instanceId, lifecycleState }) => {
      const budget = lifecycleState.startsWith("Terminating")
        ? budgets.retireDeadlineSeconds
        : lifecycleState === "Pending:Wait"
          ? budgets.joinDeadlineSeconds
          : // Into a warm pool, or back to it: the same state.
            Math.max(budgets.joinDeadlineSeconds, budgets.retireDeadlineSeconds);
      return Math.round((now - (waits.get(instanceId) ?? now)) / (budget * 10));
    }),
  );

/** Without the swarm, which has a gauge of its own, and without what is asked only once that is known. */
const unread = (snapshot: Snapshot, waits: Known<unknown>): number => {
  const { members, agents, balancer, flows, record, paused, stack, swarm, newest } = snapshot;
  const parts = [members, agents, balancer, flows, record, paused, stack, waits];
  return [...parts, ...(swarm.known ? [newest] : [])].filter((part) => part?.known === false).length;
};
