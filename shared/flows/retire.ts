// An instance that is to go → out of the load balancer, drained, every log line shipped, out of the swarm; then its hook is
// completed. A dead host takes the short way; a host whose logs cannot be shipped is dealt with by policy, never silently.
import { completeAndProve } from "./completion.ts";
import { failureOf, Overtaken } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { NO_HINT, type NodeHint, removeNode } from "./node.ts";
import { type HookFacts, type Opening, openFlow, readHook, takeLease } from "./opening.ts";
import { hostAnswers, isDead, spotNotice } from "./retire-host.ts";
import { awaitTerminateHook, isRetiring } from "./retire-states.ts";
import { drainNode, leaveLoadBalancer, leaveSwarm, shipLogs } from "./retire-steps.ts";
import { type Fate, fateOf } from "./unshipped.ts";
import type { Hold, Lease } from "./watch.ts";
import type { FlowRequest, World } from "./world.ts";

export type RetireOutcome =
  | {
      outcome: "retired";
      logs: "shipped" | "none" | "rescued" | "given up" | "died with the host";
      details: string;
    }
  /** Kept with its logs; `TerminateInstanceInAutoScalingGroup` ends it. */
  | { outcome: "retained"; details: string }
  | { outcome: "ignored"; state: string }
  | { outcome: "overtaken"; state: string };

/** Kept free at the end of the budget for leaving, removal and completion. */
const CLOSING_SECONDS = 120;
/** A Spot instance is gone two minutes after its warning, whatever we do. */
const SPOT_SECONDS = 105;
const SPOT_CLOSING_SECONDS = 10;

export const retireNode = async (flow: Flow, world: World, request: FlowRequest): Promise<RetireOutcome> => {
  const opening = await openFlow(flow, world, request, (seen) => isRetiring(seen?.lifecycleState));
  const why = await whyRetire(flow, world, request, opening);
  const state = opening.member?.lifecycleState ?? "in no group";
  if (why === "not") return await report(flow, world, request, { outcome: "ignored", state });

  const facts = await readHook(flow, world, request);
  const hold: Hold = { flow, world, lease: leaseFor(world, request, facts, opening, why) };
  try {
    const outcome = await retire(hold, facts, { suspect: opening.member?.healthy === false, why });
    return await report(flow, world, request, outcome);
  } catch (error) {
    if (error instanceof Overtaken) {
      const unbound: Lease = { ...hold.lease, mayGoOn: () => true, heartbeatTimeoutSeconds: undefined };
      await removeNode({ ...hold, lease: unbound }, "remove node", NO_HINT);
      return await report(flow, world, request, { outcome: "overtaken", state: error.state });
    }
    await reportFailure(flow, world, request, error);
    // The execution fails and goes to the dead-letter queue; the hook stays open, and the next trigger starts a new one.
    throw error;
  }
};

type Why = "hook" | "spot" | "not";

/** Without the wait state only the host itself can prove that it is about to go: a forged warning changes nothing. */
const whyRetire = async (
  flow: Flow,
  world: World,
  request: FlowRequest,
  { member, lookedAt }: Opening,
): Promise<Why> => {
  if (member?.group !== request.group) return "not";
  if (isRetiring(member.lifecycleState)) return "hook";
  if (member.lifecycleState !== "InService") return "not";
  return (await spotNotice(flow, world, request, lookedAt)) === undefined ? "not" : "spot";
};

const leaseFor = (
  world: World,
  request: FlowRequest,
  facts: HookFacts,
  opening: Opening,
  why: Why,
): Lease => {
  if (why === "hook")
    return takeLease(request, facts, world.config.retireDeadlineSeconds, isRetiring, opening.lookedAt);
  const mayGoOn = (state: string | undefined) =>
    isRetiring(state) || state === "InService" || state === "Terminating";
  // No hook has begun yet, so there is none to keep alive.
  return {
    ...takeLease(request, facts, SPOT_SECONDS, mayGoOn, opening.lookedAt),
    heartbeatTimeoutSeconds: undefined,
  };
};

/** The runbook. */
const retire = async (
  hold: Hold,
  facts: HookFacts,
  options: { suspect: boolean; why: Why },
): Promise<RetireOutcome> => {
  const { loadBalancer } = hold.world.config;
  const closing = options.why === "spot" ? SPOT_CLOSING_SECONDS : CLOSING_SECONDS;
  const host = await hostAnswers(hold, { suspect: options.suspect });
  if (loadBalancer) {
    await leaveLoadBalancer(hold, loadBalancer, {
      attached: facts.group.loadBalancers.includes(loadBalancer),
    });
  }
  const { everActive } = await drainNode(hold, host);
  if (!host.alive) return await withoutHost(hold, facts, { ...host, everActive, why: options.why });

  // Only now: the deadline has moved on by the time for which no manager answered.
  const shipBy = Math.max(facts.now, hold.lease.deadline - closing * 1000);
  let shipping = await shipLogs(hold, host.swarm, shipBy);
  while (shipping.hostSilent) {
    const again = await hostAnswers(hold, { suspect: true });
    if (!again.alive)
      return await withoutHost(hold, facts, { ...host, ...again, everActive, why: options.why });
    shipping = await shipLogs(hold, again.swarm, shipBy);
  }
  const fate: Fate = shipping.flushed
    ? { go: true, logs: everActive ? "shipped" : "none", details: shipping.summary }
    : await fateOf(hold, facts, { shipping, everActive });

  // A machine that is kept does not leave: that would remove its containers and their own logs.
  if (fate.go) await leaveSwarm(hold);
  return await close(hold, host, fate, options.why);
};

/** The short way for a dead host: what needs it is skipped, and what was lost with it is said. One out of reach may yet be kept. */
const withoutHost = async (
  hold: Hold,
  facts: HookFacts,
  host: NodeHint & { cause: string; everActive: boolean; why: Why },
): Promise<RetireOutcome> => {
  const details = `the host did not answer: ${host.cause}`;
  const gone: Fate = { go: true, logs: host.everActive ? "died with the host" : "none", details };
  const shipping = { flushed: false, summary: details, ranges: [] };
  const fate =
    !host.everActive || (await isDead(hold))
      ? gone
      : await fateOf(hold, facts, { shipping, everActive: host.everActive });
  return await close(hold, host, fate, host.why);
};

const close = async (hold: Hold, node: NodeHint, fate: Fate, why: Why): Promise<RetireOutcome> => {
  await removeNode(hold, "remove node", node);
  await finish(hold, fate.go ? "CONTINUE" : "ABANDON", why);
  return fate.go
    ? { outcome: "retired", logs: fate.logs, details: fate.details }
    : { outcome: "retained", details: fate.details };
};

/** After a Spot warning the hook fires only once the instance has died. */
const finish = async (hold: Hold, result: "CONTINUE" | "ABANDON", why: Why): Promise<void> => {
  if (why === "spot" && !(await awaitTerminateHook(hold))) return;
  await completeAndProve(hold.flow, hold.world, hold.lease.action, result, isRetiring);
};

const report = (
  flow: Flow,
  world: World,
  request: FlowRequest,
  outcome: RetireOutcome,
): Promise<RetireOutcome> =>
  flow.step("report", async () => {
    const record = { flow: flow.name, group: request.group, instanceId: request.instanceId, ...outcome };
    const lost =
      outcome.outcome === "retired" && (outcome.logs === "given up" || outcome.logs === "died with the host");
    if (lost || outcome.outcome === "retained") world.log.error("retire: logs were not shipped", record);
    else world.log.info(`retire ${outcome.outcome}`, record);
    return outcome;
  });

const reportFailure = (flow: Flow, world: World, request: FlowRequest, error: unknown): Promise<void> =>
  flow.step("report failure", async () => {
    const record = {
      flow: flow.name,
      group: request.group,
      instanceId: request.instanceId,
      ...failureOf(error),
    };
    world.log.error("retire failed: the hook stays open", record);
  });
