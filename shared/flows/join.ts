// A launched instance → a Ready, labelled, active node that holds every image it may need and is in service at the load
// balancer; then its hook is completed. Or none of that, and ABANDON.
import { describeAgents, versionAtLeast } from "../aws/run-command.ts";
import { activateAnswer, awaitTasksAnswer, type Needs, parseAnswer } from "../swarm/answers.ts";
import { readNeeds, sameNeeds, writeNeeds } from "../swarm/needs.ts";
import { completeAndProve } from "./completion.ts";
import { failureOf, Overtaken, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { onHost } from "./host.ts";
import { hostJoins } from "./join-host.ts";
import { removeOnceGone, undo } from "./join-undo.ts";
import { intoLoadBalancer } from "./load-balancer.ts";
import { onManager } from "./manager.ts";
import { openFlow, readHook, takeLease } from "./opening.ts";
import { type Hold, type Lease, watch } from "./watch.ts";
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

/** The agent that hands parameters over as environment variables; an older one would leave them unset. */
const AGENT_VERSION = "3.3.2746.0";
/** Boot, with everything that cloud-init installs. */
const _READY_SECONDS = 300;
/** Ready, and then pulls of several large images. */
const _JOIN_HOST_SECONDS = 900;
const ACTIVATE_SECONDS = 60;
/** Start of the application until its health check passes. */
const TASKS_SECONDS = 300;
/** Tidying up after a failure must not keep the hook from being abandoned. */
const _UNDO_SECONDS = 90;
/** After CONTINUE the group registers the instance itself; this long its health check may take. */
const CONFIRM_SECONDS = 300;

const LAUNCHING = ["Pending:Wait", "Warmed:Pending:Wait"];
/** Not yet, but any moment now; an instance that no group shows yet may just have been launched. */
const soon = (state: string | undefined): boolean =>
  state === undefined || ["Pending", "Warmed:Pending"].includes(state);
const launching = (state: string | undefined): boolean => state !== undefined && LAUNCHING.includes(state);

export const joinNode = async (flow: Flow, world: World, request: FlowRequest): Promise<JoinOutcome> => {
  const { member, lookedAt } = await openFlow(flow, world, request, (seen) => !soon(seen?.lifecycleState));
  const state = member?.lifecycleState ?? "in no group";
  if (!launching(state) || member?.group !== request.group)
    return await report(flow, world, request, { outcome: "ignored", state });

  const facts = await readHook(flow, world, request);
  const lease = takeLease(request, facts, world.config.joinDeadlineSeconds, launching, lookedAt);
  const { loadBalancer } = world.config;
  const attached = loadBalancer !== undefined && facts.group.loadBalancers.includes(loadBalancer);
  const hold: Hold = { flow, world, lease };
  let registered = false;
  const joined: Joined = { reached: false, nodeId: "", active: false };

  try {
    await agentOnline(hold);
    joined.reached = true;
    if (state === "Warmed:Pending:Wait") {
      await hostJoins(hold, await readHint(flow, world), { mode: "prepare", rejoin: false });
      await completeAndProve(flow, world, request, "CONTINUE", launching);
      return await report(flow, world, request, { outcome: "prepared" });
    }

    const { nodeId, tasks } = await nodeBecomesActive(hold, joined);
    if (tasks > 0) await taskRuns(hold);
    if (loadBalancer && !attached) {
      registered = true;
      await intoLoadBalancer(hold, loadBalancer, { registered: false });
    }
    const after = await completeAndProve(flow, world, request, "CONTINUE", launching);
    if (!after.startsWith("Pending:Proceed") && after !== "InService")
      throw new Overtaken("complete CONTINUE", after);
    const confirmed = attached
      ? await confirmInService(hold, loadBalancer)
      : loadBalancer
        ? "in service"
        : "none";
    return await report(flow, world, request, { outcome: "joined", nodeId, tasks, loadBalancer: confirmed });
  } catch (error) {
    if (error instanceof Overtaken) {
      // An active node carries the instance's label: the retirement finds it.
      if (joined.nodeId && !joined.active) await removeOnceGone(hold, joined.nodeId);
      return await report(flow, world, request, { outcome: "overtaken", state: error.state });
    }
    // A host that never answered has done nothing that could be undone.
    const untidied = joined.reached
      ? await undo(hold, registered ? loadBalancer : undefined, joined.nodeId)
      : [];
    const failure = failureOf(error);
    await completeAndProve(flow, world, request, "ABANDON", launching).catch((abandonError: unknown) => {
      untidied.push(failureOf(abandonError).cause);
    });
    return await report(flow, world, request, { outcome: "abandoned", ...failure, untidied });
  }
};

/** A new instance answers nothing until its agent has registered, which can take minutes when a hundred boot at once. */
const agentOnline = (hold: Hold): Promise<true> =>
  watch<null, true>(hold, "agent online", {
    memory: null,
    look: async () => {
      const [agent] = await describeAgents(hold.world.systemsManager, [hold.lease.action.instanceId]);
      if (!agent?.online)
        return {
          memory: null,
          because: agent ? "the SSM agent lost its connection" : "the SSM agent has not registered",
        };
      if (versionAtLeast(agent.version, AGENT_VERSION)) return { done: true };
      return {
        failed: `the SSM agent is ${agent.version}, and ${AGENT_VERSION} or newer is needed: update it in the image`,
      };
    },
  });

const readHint = (flow: Flow, world: World): Promise<Needs> =>
  flow.step("read needs", () => readNeeds(world));

/** How far the join has come. */
interface Joined {
  reached: boolean;
  nodeId: string;
  active: boolean;
}

/** Prepares and joins the host, then has a manager activate it; again when the services changed in between. */
const nodeBecomesActive = async (hold: Hold, joined: Joined): Promise<{ nodeId: string; tasks: number }> => {
  let needs = await readHint(hold.flow, hold.world);
  let rejoin = false;
  for (let round = 1; round <= 5; round++) {
    const nodeId = await hostJoins(hold, needs, { mode: "join", rejoin });
    joined.nodeId = nodeId;
    const answer = await onManager(hold, "activate node", activateAnswer, {
      document: "activate-node",
      parameters: {
        nodeId,
        instanceId: hold.lease.action.instanceId,
        images: needs.images.join(" "),
        directories: needs.directories.join(" "),
        now: new Date(hold.lease.lookedAt).toISOString(),
      },
      executionSeconds: ACTIVATE_SECONDS,
    });
    if (answer.outcome === "retiring") throw new Overtaken("activate node", "retiring");
    if (answer.outcome === "active") {
      joined.active = true;
      return { nodeId, tasks: answer.tasks.length };
    }
    if (answer.outcome === "unknown-node") {
      rejoin = true;
      continue;
    }
    const known: Needs = { images: answer.images, directories: answer.directories };
    if (sameNeeds(known, needs))
      throw new StepFailure("activate node", "the services need what the host already holds");
    needs = known;
    await hold.flow.step("write needs", () => writeNeeds(hold.world, known));
  }
  throw new StepFailure(
    "activate node",
    "the services changed, or the node was unknown to the managers, five times in a row",
  );
};

const taskRuns = async (hold: Hold): Promise<void> => {
  const answer = await onHost(hold, "task runs", {
    document: "await-tasks",
    parameters: { waitSeconds: String(TASKS_SECONDS) },
    executionSeconds: TASKS_SECONDS + 30,
  });
  if (answer.kind !== "answered") throw new StepFailure("task runs", answer.cause);
  parseAnswer(awaitTasksAnswer, "await-tasks", answer.stdout);
};

/** The hook is done and the instance serves; a load balancer that does not see it healthy is somebody's to look at. */
const confirmInService = async (
  hold: Hold,
  loadBalancer: string,
): Promise<"in service" | "not confirmed"> => {
  const serving: Lease = {
    ...hold.lease,
    heartbeatTimeoutSeconds: undefined,
    mayGoOn: (state) => state === "InService" || state === "Pending:Proceed" || state === "Pending",
  };
  try {
    const deadline = hold.lease.lookedAt + CONFIRM_SECONDS * 1000;
    await intoLoadBalancer({ ...hold, lease: serving }, loadBalancer, { registered: true, deadline });
    return "in service";
  } catch (error) {
    hold.world.log.error("not in service after CONTINUE", {
      flow: hold.flow.name,
      instanceId: hold.lease.action.instanceId,
      ...failureOf(error),
    });
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
