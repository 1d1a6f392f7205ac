// An instance that is to go → out of the load balancer (a manager: no manager any more), drained, every log line shipped, out of the
// swarm; then its hook is completed. A dead host takes the short way; a host whose logs cannot be shipped is dealt with by policy, never silently.
import { flowMeasured } from "../metrics.ts";
import { ANOTHER_HOOK, completeAndProve } from "./completion.ts";
import { demoteNode } from "./demote.ts";
import { failureOf, Overtaken } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { withoutHook } from "./hold.ts";
import { NO_HINT, type NodeHint, removeNode } from "./node.ts";
import { type HookFacts, readHook, takeLease } from "./opening.ts";
import { hostAnswers, isDead } from "./retire-host.ts";
import { type Found, findReason, type Reason } from "./retire-reason.ts";
import { awaitTerminateHook, inWarmPool, isRetiring, RETAINED, RETURNING } from "./retire-states.ts";
import { drainNode, leaveLoadBalancer, leaveSwarm, shipLogs } from "./retire-steps.ts";
import { type Fate, fateOf, type LogsEnd } from "./unshipped.ts";
import type { Hold, Lease } from "./watch.ts";
import type { EpochMillis, HookRequest, World } from "./world.ts";

export type RetireOutcome =
  | { outcome: "retired"; logs: LogsEnd; details: string }
  /** Kept with its logs; `TerminateInstanceInAutoScalingGroup` ends it. */
  | { outcome: "retained"; details: string }
  | { outcome: "ignored"; state: string }
  | { outcome: "overtaken"; state: string };

/** Kept free at the end of the budget for leaving, removal and completion. */
const CLOSING_MILLIS = 120_000;
const SPOT_CLOSING_MILLIS = 10_000;

export const retireNode = async (flow: Flow, world: World, request: HookRequest): Promise<RetireOutcome> => {
  const found = await findReason(flow, world, request);
  if (found.reason.kind === "none") {
    const state = found.member?.lifecycleState ?? "in no group";
    return await report(flow, world, request, found.startedAt, { outcome: "ignored", state });
  }
  const facts = await readHook(flow, world, request);
  const hold: Hold = { flow, world, lease: leaseFor(world, request, facts, found) };
  try {
    const outcome = await retire(hold, facts, found.reason, { suspect: found.member?.healthy === false });
    return await report(flow, world, request, found.startedAt, outcome);
  } catch (error) {
    if (error instanceof Overtaken) {
      if (isManager(hold)) await demoteNode(withoutHook(hold), NO_HINT);
      await removeNode(withoutHook(hold), "remove node", NO_HINT);
      return await report(flow, world, request, found.startedAt, {
        outcome: "overtaken",
        state: error.state,
      });
    }
    await reportFailure(flow, world, request, found.startedAt, error);
    // The execution fails and goes to the dead-letter queue; the hook stays open, and the next trigger starts a new one.
    throw error;
  }
};

/** The group decides what its instances are. */
const isManager = ({ world, lease }: Hold): boolean =>
  world.config.managerGroups.includes(lease.action.group);

const leaseFor = (world: World, request: HookRequest, facts: HookFacts, found: Found): Lease => ({
  ...leaseOf(world, request, facts, found),
  notAsked: request.instanceId,
});

const leaseOf = (world: World, request: HookRequest, facts: HookFacts, found: Found): Lease => {
  const { reason, lookedAt } = found;
  if (reason.kind === "spot") {
    const mayGoOn = (state: string | undefined) =>
      isRetiring(state) || state === "InService" || state === "Terminating";
    const seconds = Math.max(0, (reason.until - facts.now) / 1000);
    // No hook has begun yet, so there is none to keep alive.
    return { ...takeLease(request, facts, seconds, mayGoOn, lookedAt), heartbeatTimeoutSeconds: undefined };
  }
  return takeLease(request, facts, world.config.retireDeadlineSeconds, waitsFor(reason), lookedAt);
};

const whereTo = (reason: Reason): { dying: boolean; returns: boolean } => ({
  dying: reason.kind === "spot",
  returns: reason.kind === "hook" && reason.returns,
});

/** In which state the instance waits for this retirement. */
const waitsFor = (reason: Reason) => (state: string | undefined) =>
  reason.kind === "hook" && reason.returns ? state === RETURNING : isRetiring(state);

/** The runbook. */
const retire = async (
  hold: Hold,
  facts: HookFacts,
  reason: Reason,
  options: { suspect: boolean },
): Promise<RetireOutcome> => {
  const { loadBalancer } = hold.world.config;
  const spot = reason.kind === "spot";
  const answered = await hostAnswers(hold, options);
  const manager = isManager(hold);
  const host = manager ? { ...answered, ...(await demoteNode(hold, answered)) } : answered;
  if (loadBalancer && !manager) {
    const attached = facts.group.loadBalancers.includes(loadBalancer);
    await leaveLoadBalancer(hold, loadBalancer, { attached, hurry: spot });
  }
  const { everActive } = await drainNode(hold, host);
  if (!host.alive) return await withoutHost(hold, facts, reason, { ...host, everActive });

  // Only now: the deadline has moved on by the time for which no manager answered.
  const shipBy = Math.max(facts.now, hold.lease.deadline - (spot ? SPOT_CLOSING_MILLIS : CLOSING_MILLIS));
  let shipping = await shipLogs(hold, host.swarm, shipBy);
  while (shipping.hostSilent) {
    const again = await hostAnswers(hold, { suspect: true });
    if (!again.alive) return await withoutHost(hold, facts, reason, { ...host, ...again, everActive });
    shipping = await shipLogs(hold, again.swarm, shipBy);
  }
  const fate: Fate = shipping.flushed
    ? { go: true, logs: everActive ? "shipped" : "none", details: shipping.summary }
    : await fateOf(hold, facts, { shipping, everActive, ...whereTo(reason) });

  // A machine that is kept does not leave: that would remove its containers and their own logs.
  if (fate.go) await leaveSwarm(hold, whereTo(reason));
  return await close(hold, host, fate, reason);
};

/** The short way for a dead host: what needs it is skipped, and what was lost is said. One out of reach may yet be kept. */
const withoutHost = async (
  hold: Hold,
  facts: HookFacts,
  reason: Reason,
  host: NodeHint & { cause: string; everActive: boolean },
): Promise<RetireOutcome> => {
  const { everActive } = host;
  const details = `the host did not answer: ${host.cause}`;
  const gone: Fate = { go: true, logs: everActive ? "died with the host" : "none", details };
  const shipping = { flushed: false, summary: details, ranges: [], allKnown: false };
  const fate =
    !everActive || (await isDead(hold))
      ? gone
      : await fateOf(hold, facts, { shipping, everActive, ...whereTo(reason) });
  return await close(hold, host, fate, reason);
};

const close = async (hold: Hold, node: NodeHint, fate: Fate, reason: Reason): Promise<RetireOutcome> => {
  if (fate.go) {
    await removeNode(hold, "remove node", node);
    const state = await finish(hold, "CONTINUE", reason);
    // It waited as one that goes, and went to a warm pool: it will join again in another life.
    if (inWarmPool(state) && !whereTo(reason).returns) await leaveSwarm(withoutHook(hold), { returns: true });
    return { outcome: "retired", logs: fate.logs, details: fate.details };
  }
  // Kept first: the node's label is what says, to whoever tries again, that this machine is worth keeping.
  const state = await finish(hold, "ABANDON", reason);
  await removeNode(withoutHook(hold), "remove node", node);
  if (state === RETAINED || state === ANOTHER_HOOK) return { outcome: "retained", details: fate.details };
  const details = `${fate.details}; it was to be kept, and is ${state} after all`;
  return { outcome: "retired", logs: "given up", details };
};

/** After a Spot warning the hook fires only once the instance has died. @returns the state that followed. */
const finish = async (hold: Hold, result: "CONTINUE" | "ABANDON", reason: Reason): Promise<string> => {
  if (reason.kind === "spot" && !(await awaitTerminateHook(hold))) return "gone without a hook";
  return await completeAndProve(hold.flow, hold.world, hold.lease.action, result, waitsFor(reason));
};

/** Ends of the log lines that somebody has to know of. */
const LOSSES: readonly LogsEnd[] = ["partly rescued", "given up", "died with the host"];

const report = (
  flow: Flow,
  world: World,
  request: HookRequest,
  startedAt: EpochMillis,
  outcome: RetireOutcome,
): Promise<RetireOutcome> =>
  flow.step("report", async () => {
    const record = { flow: flow.name, group: request.group, instanceId: request.instanceId, ...outcome };
    const kept = outcome.outcome === "retained";
    const seconds = (world.now() - startedAt) / 1000;
    const measured = flowMeasured(flow.name, outcome.outcome, seconds, kept ? { MachinesRetained: 1 } : {});
    const lost = outcome.outcome === "retired" && LOSSES.includes(outcome.logs);
    if (lost || kept) world.log.error("retire: logs were not shipped", record, measured);
    else world.log.info(`retire ${outcome.outcome}`, record, measured);
    return outcome;
  });

const reportFailure = (
  flow: Flow,
  world: World,
  request: HookRequest,
  startedAt: EpochMillis,
  error: unknown,
): Promise<void> =>
  flow.step("report failure", async () => {
    const seconds = (world.now() - startedAt) / 1000;
    const measured = flowMeasured(flow.name, "failed", seconds, { RetirementsFailed: 1 });
    const { group, instanceId } = request;
    const record = { flow: flow.name, group, instanceId, ...failureOf(error) };
    world.log.error("retire failed: the hook stays open", record, measured);
  });
