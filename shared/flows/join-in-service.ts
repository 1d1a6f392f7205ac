// An instance that is in service, and is not what it should be in swarm or load balancer, is brought (back) into both. No hook waits:
// nothing is kept alive, nothing is completed, and whatever fails, what served before goes on serving.
import { failureOf, Overtaken, RETIRING } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { nodeBecomesActive, taskRuns } from "./join-activation.ts";
import { agentOnline } from "./join-host.ts";
import { formOrFind } from "./join-manager.ts";
import { type JoinOutcome, report } from "./join-outcome.ts";
import { undo, undoOvertaken } from "./join-undo.ts";
import { beginJoining, type Joining } from "./joining.ts";
import { intoLoadBalancer } from "./load-balancer.ts";
import { openFlow } from "./opening.ts";
import type { Hold, Lease } from "./watch.ts";
import type { EpochMillis, InServiceRequest, World } from "./world.ts";

/** For so long it holds while no manager answers; the next repair starts it again. */
const MOST_HOLD_SECONDS = 3_600;

export const joinInService = async (
  flow: Flow,
  world: World,
  request: InServiceRequest,
): Promise<JoinOutcome> => {
  const { member, lookedAt, startedAt } = await openFlow(flow, world, request, "look", () => true);
  const state = member?.lifecycleState ?? "in no group";
  if (state !== "InService" || member?.group !== request.group)
    return await report(flow, world, request, startedAt, { outcome: "ignored", state });

  const hold: Hold = { flow, world, lease: leaseFor(world, request, lookedAt) };
  const joining = beginJoining(hold, true);
  try {
    return await report(flow, world, request, startedAt, await join(hold, joining));
  } catch (error) {
    const overtaken = error instanceof Overtaken;
    if (overtaken && error.state !== RETIRING) {
      await undoOvertaken(hold, joining, error.state);
      return await report(flow, world, request, startedAt, { outcome: "overtaken", state: error.state });
    }
    const untidied = joining.unfinished ? await undo(hold, joining) : [];
    const failure = overtaken ? { step: error.step, cause: STUCK } : failureOf(error);
    return await report(flow, world, request, startedAt, { outcome: "failed", ...failure, untidied });
  }
};

const STUCK =
  "the machine is in service, and carries the mark of a retirement (label hive.retiring of its node, or /run/hive-swarm/retiring on the host): have it replaced (aws autoscaling terminate-instance-in-auto-scaling-group --no-should-decrement-desired-capacity --instance-id …)";

/** Its hook is one that does not wait; without a timeout nobody keeps it alive. */
const leaseFor = (world: World, request: InServiceRequest, now: EpochMillis): Lease => ({
  about: { instanceId: request.instanceId },
  action: { group: request.group, hook: world.config.launchHook, instanceId: request.instanceId },
  mayGoOn: (lifecycleState) => lifecycleState === "InService",
  heartbeatTimeoutSeconds: undefined,
  deadline: now + world.config.joinDeadlineSeconds * 1000,
  globalDeadline: now + (world.config.joinDeadlineSeconds + MOST_HOLD_SECONDS) * 1000,
  lastHeartbeat: 0,
  lookedAt: now,
  endedAt: now,
});

const join = async (hold: Hold, joining: Joining): Promise<JoinOutcome> => {
  joining.address = await agentOnline(hold);
  const manager = joining.role === "manager";
  if (manager) await formOrFind(hold, joining);
  const node = await nodeBecomesActive(hold, joining);
  const { nodeId } = joining;
  // Managers are never registered, and need no task.
  if (manager) return { outcome: "joined", nodeId, tasks: node.tasks, loadBalancer: "none" };
  const tasks = node.tasks > 0 ? await taskRuns(hold, joining, node) : 0;
  const { loadBalancer } = hold.world.config;
  if (!loadBalancer) return { outcome: "joined", nodeId, tasks, loadBalancer: "none" };
  joining.registered = true;
  // Looked at anew: whoever goes was just taken out, and is not put in again.
  hold.lease.lookedAt = 0;
  // Also where the group owns the load balancer: it registers at launch only, and what is registered already stays so.
  await intoLoadBalancer(hold, loadBalancer, { registered: false, proved: tasks > 0 });
  return { outcome: "joined", nodeId, tasks, loadBalancer: tasks > 0 ? "in service" : "not confirmed" };
};
