// A launched instance → a Ready, labelled, active node that holds every image it may need and is in service at the load
// balancer; then its hook is completed. Or none of that, and ABANDON.
import { ANOTHER_HOOK, completeAndProve } from "./completion.ts";
import { failureOf, Overtaken } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { nodeBecomesActive, readHint, taskRuns } from "./join-activation.ts";
import { agentOnline, hostJoins } from "./join-host.ts";
import { joinInService } from "./join-in-service.ts";
import { formOrFind } from "./join-manager.ts";
import { type JoinOutcome, report } from "./join-outcome.ts";
import { undo, undoOvertaken } from "./join-undo.ts";
import { beginJoining, type Joining } from "./joining.ts";
import { intoLoadBalancer } from "./load-balancer.ts";
import { openFlow, readHook, takeLease } from "./opening.ts";
import type { Hold, Lease } from "./watch.ts";
import type { FlowRequest, HookRequest, World } from "./world.ts";

/** After CONTINUE the group registers the instance itself; this long its health check may take. */
const CONFIRM_SECONDS = 300;

const LAUNCHING = ["Pending:Wait", "Warmed:Pending:Wait"];

/** Not yet, but any moment now; an instance that no group shows yet may just have been launched. */
const soon = (state: string | undefined): boolean =>
  state === undefined || ["Pending", "Warmed:Pending"].includes(state);
const launching = (state: string | undefined): boolean => state !== undefined && LAUNCHING.includes(state);

export const joinNode = (flow: Flow, world: World, request: FlowRequest): Promise<JoinOutcome> =>
  "hook" in request ? joinForHook(flow, world, request) : joinInService(flow, world, request);

const joinForHook = async (flow: Flow, world: World, request: HookRequest): Promise<JoinOutcome> => {
  const { member, lookedAt, startedAt } = await openFlow(
    flow,
    world,
    request,
    "look",
    (seen) => !soon(seen?.lifecycleState),
  );
  const state = member?.lifecycleState ?? "in no group";
  if (!launching(state) || member?.group !== request.group)
    return await report(flow, world, request, startedAt, { outcome: "ignored", state });

  const facts = await readHook(flow, world, request);
  const lease = takeLease(request, facts, world.config.joinDeadlineSeconds, launching, lookedAt);
  const hold: Hold = { flow, world, lease };
  const joining = beginJoining(hold, false);
  try {
    const outcome =
      state === "Warmed:Pending:Wait"
        ? await prepare(hold, request, joining)
        : await join(hold, request, facts.group.loadBalancers, joining);
    return await report(flow, world, request, startedAt, outcome);
  } catch (error) {
    // A host that never answered has done nothing that would have to be undone.
    const reached = joining.address !== "";
    if (error instanceof Overtaken) {
      await undoOvertaken(hold, joining, error.state);
      return await report(flow, world, request, startedAt, { outcome: "overtaken", state: error.state });
    }
    const failure = failureOf(error);
    // The swarm lives and falls with who formed it: it stays, though not as it should be.
    const result = joining.formed ? "CONTINUE" : "ABANDON";
    const untidied = reached && !joining.formed ? await undo(hold, joining) : [];
    await completeAndProve(flow, world, request, result, launching).catch((completionError: unknown) => {
      untidied.push(failureOf(completionError).cause);
    });
    const outcome = joining.formed ? "failed" : "abandoned";
    return await report(flow, world, request, startedAt, { outcome, ...failure, untidied });
  }
};

/** The runbook. */
const join = async (
  hold: Hold,
  request: HookRequest,
  attachedLoadBalancers: readonly string[],
  joining: Joining,
): Promise<JoinOutcome> => {
  const { flow, world } = hold;
  const manager = joining.role === "manager";
  // Managers are never registered.
  const loadBalancer = manager ? undefined : world.config.loadBalancer;
  const attached = loadBalancer !== undefined && attachedLoadBalancers.includes(loadBalancer);

  joining.address = await agentOnline(hold);
  if (manager) await formOrFind(hold, joining);
  const node = await nodeBecomesActive(hold, joining);
  const { nodeId } = joining;
  const tasks = node.tasks > 0 && !manager ? await taskRuns(hold, joining, node) : node.tasks;
  if (loadBalancer && !attached) {
    joining.registered = true;
    // A node without a task is never healthy, and is no failure: it serves as soon as there is something to run.
    await intoLoadBalancer(hold, loadBalancer, { registered: false, proved: tasks > 0 });
  }
  const after = await completeAndProve(flow, world, request, "CONTINUE", launching);
  if (!["Pending:Proceed", "InService", ANOTHER_HOOK].includes(after))
    throw new Overtaken("complete CONTINUE", after);
  if (!loadBalancer) return { outcome: "joined", nodeId, tasks, loadBalancer: "none" };
  if (tasks === 0 || (attached && after === ANOTHER_HOOK))
    return { outcome: "joined", nodeId, tasks, loadBalancer: "not confirmed" };
  // Where the group owns the load balancer it registers the instance only now.
  const standing = attached ? await confirmInService(hold, loadBalancer) : "in service";
  return { outcome: "joined", nodeId, tasks, loadBalancer: standing };
};

/** A machine of a warm pool: everything that can be done before it is needed. */
const prepare = async (hold: Hold, request: HookRequest, joining: Joining): Promise<JoinOutcome> => {
  joining.address = await agentOnline(hold);
  await hostJoins(hold, joining, await readHint(hold), { mode: "prepare", rejoin: false });
  await completeAndProve(hold.flow, hold.world, request, "CONTINUE", launching);
  return { outcome: "prepared" };
};

/** The hook is done and the instance serves; a load balancer that does not see it healthy is somebody's to look at. */
const confirmInService = async (
  hold: Hold,
  loadBalancer: string,
): Promise<"in service" | "not confirmed"> => {
  const serving: Lease = {
    ...hold.lease,
    heartbeatTimeoutSeconds: undefined,
    mayGoOn: (state) => ["InService", "Pending", "Pending:Wait", "Pending:Proceed"].includes(state ?? ""),
  };
  try {
    const deadline = hold.lease.lookedAt + CONFIRM_SECONDS * 1000;
    await intoLoadBalancer({ ...hold, lease: serving }, loadBalancer, {
      registered: true,
      proved: true,
      deadline,
    });
    return "in service";
  } catch (error) {
    // In a step, so that no replay tells it again.
    await hold.flow.step("not confirmed", async () =>
      hold.world.log.error("not in service after CONTINUE", {
        flow: hold.flow.name,
        instanceId: hold.lease.action.instanceId,
        ...failureOf(error),
      }),
    );
    return "not confirmed";
  }
};
