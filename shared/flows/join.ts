// A launched instance → a Ready, labelled, active node that holds every image it may need and is in service at the load
// balancer; then its hook is completed. Or none of that, and ABANDON.
import { ANOTHER_HOOK, completeAndProve } from "./completion.ts";
import { failureOf, Overtaken } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { nodeBecomesActive, readHint, taskRuns } from "./join-activation.ts";
import { agentOnline, hostJoins } from "./join-host.ts";
import { deregisterLeaving, removeOnceGone, undo } from "./join-undo.ts";
import { intoLoadBalancer } from "./load-balancer.ts";
import type { NodeHint } from "./node.ts";
import { openFlow, readHook, takeLease } from "./opening.ts";
import type { Hold, Lease } from "./watch.ts";
import type { FlowRequest, World } from "./world.ts";

export type JoinOutcome =
  | {
      outcome: "joined";
      nodeId: string;
      tasks: number;
      loadBalancer: "in service" | "none" | "not confirmed";
    }
  /** Warmed for a pool: images and directories are there, the swarm knows nothing of it. */
  | { outcome: "prepared" }
  /** Not (or no longer) an instance that waits for us: nothing was done, or the retirement cleans up. */
  | { outcome: "ignored"; state: string }
  | { outcome: "overtaken"; state: string }
  | { outcome: "abandoned"; step: string; cause: string; untidied: readonly string[] };

/** After CONTINUE the group registers the instance itself; this long its health check may take. */
const CONFIRM_SECONDS = 300;

const LAUNCHING = ["Pending:Wait", "Warmed:Pending:Wait"];
/** How far the join has come: what there is to undo. No address: the host was never reached. */
interface Progress extends NodeHint {
  nodeId: string;
  address: string;
  registered: boolean;
}

/** Not yet, but any moment now; an instance that no group shows yet may just have been launched. */
const soon = (state: string | undefined): boolean =>
  state === undefined || ["Pending", "Warmed:Pending"].includes(state);
const launching = (state: string | undefined): boolean => state !== undefined && LAUNCHING.includes(state);

export const joinNode = async (flow: Flow, world: World, request: FlowRequest): Promise<JoinOutcome> => {
  const { member, lookedAt } = await openFlow(
    flow,
    world,
    request,
    "look",
    (seen) => !soon(seen?.lifecycleState),
  );
  const state = member?.lifecycleState ?? "in no group";
  if (!launching(state) || member?.group !== request.group)
    return await report(flow, world, request, { outcome: "ignored", state });

  const facts = await readHook(flow, world, request);
  const lease = takeLease(request, facts, world.config.joinDeadlineSeconds, launching, lookedAt);
  const hold: Hold = { flow, world, lease };
  const progress: Progress = { nodeId: "", address: "", registered: false };
  try {
    const outcome =
      state === "Warmed:Pending:Wait"
        ? await prepare(hold, progress)
        : await join(hold, facts.group.loadBalancers, progress);
    return await report(flow, world, request, outcome);
  } catch (error) {
    // A host that never answered has done nothing that would have to be undone.
    const reached = progress.address !== "";
    if (error instanceof Overtaken) {
      try {
        if (progress.registered) await deregisterLeaving(hold, error.state);
      } finally {
        if (reached) await removeOnceGone(hold, progress);
      }
      return await report(flow, world, request, { outcome: "overtaken", state: error.state });
    }
    const untidied = reached ? await undo(hold, progress) : [];
    await completeAndProve(flow, world, request, "ABANDON", launching).catch((abandonError: unknown) => {
      untidied.push(failureOf(abandonError).cause);
    });
    return await report(flow, world, request, { outcome: "abandoned", ...failureOf(error), untidied });
  }
};

/** The runbook. */
const join = async (
  hold: Hold,
  attachedLoadBalancers: readonly string[],
  progress: Progress,
): Promise<JoinOutcome> => {
  const { flow, world, lease } = hold;
  const { loadBalancer } = world.config;
  const attached = loadBalancer !== undefined && attachedLoadBalancers.includes(loadBalancer);

  progress.address = await agentOnline(hold);
  const node = await nodeBecomesActive(hold, progress);
  const { nodeId } = node;
  const tasks = node.tasks > 0 ? await taskRuns(hold, node) : 0;
  if (loadBalancer && !attached) {
    progress.registered = true;
    // A node without a task is never healthy, and is no failure: it serves as soon as there is something to run.
    await intoLoadBalancer(hold, loadBalancer, { registered: false, proved: tasks > 0 });
  }
  const after = await completeAndProve(flow, world, lease.action, "CONTINUE", launching);
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
const prepare = async (hold: Hold, progress: Progress): Promise<JoinOutcome> => {
  progress.address = await agentOnline(hold);
  await hostJoins(hold, await readHint(hold), { mode: "prepare", rejoin: false });
  await completeAndProve(hold.flow, hold.world, hold.lease.action, "CONTINUE", launching);
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

const report = (flow: Flow, world: World, request: FlowRequest, outcome: JoinOutcome): Promise<JoinOutcome> =>
  flow.step("report", async () => {
    const record = { flow: flow.name, group: request.group, instanceId: request.instanceId, ...outcome };
    if (outcome.outcome === "abandoned") world.log.error("join abandoned", record);
    else world.log.info(`join ${outcome.outcome}`, record);
    return outcome;
  });
