// Is the host alive, and who is it to the swarm? The host itself answers; one that does not is dead as far as we can act on it.
import { describeMember, type HookAction } from "../aws/auto-scaling.ts";
import { describeMembership } from "../aws/load-balancing.ts";
import { describeAgents } from "../aws/run-command.ts";
import { beginRetireAnswer, parseAnswer } from "../swarm/answers.ts";
import { Overtaken, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { type Answer, onHost } from "./host.ts";
import { NO_HINT, type NodeHint } from "./node.ts";
import { type Hold, type Lease, watch } from "./watch.ts";
import type { EpochMillis, World } from "./world.ts";

export type Host = NodeHint & ({ alive: true; swarm: string } | { alive: false; cause: string });

/** A living host answers within seconds; a join that it is in the middle of may keep it for a minute and a half. */
const ANSWER_SECONDS = 180;
/** After this it is asked once more: an agent that restarted never reports what it ran, and asking twice does no harm. */
const FIRST_ANSWER_SECONDS = 100;
/** EC2 called it unhealthy: it is asked all the same, since a failed health check is not a death. */
const SUSPECT_SECONDS = 30;

/** Tells the host to join no swarm from here on, and asks who it is. */
export const hostAnswers = async (hold: Hold, options: { suspect: boolean }): Promise<Host> => {
  const patience = (options.suspect ? SUSPECT_SECONDS : ANSWER_SECONDS) * 1000;
  const deadline = Math.min(hold.lease.lookedAt + patience, hold.lease.deadline);
  let hint = NO_HINT;
  try {
    const agent = await reachable(hold, deadline);
    hint = { nodeId: "", address: agent.address };
    if (!agent.online) return { ...hint, alive: false, cause: agent.cause };
    const answer = await begin(hold, deadline);
    if (answer.kind === "silent") return { ...hint, alive: false, cause: answer.cause };
    if (answer.kind === "refused") throw new StepFailure("host answers", `${answer.step}: ${answer.cause}`);
    const { swarm, nodeId } = parseAnswer(beginRetireAnswer, "begin-retire", answer.stdout);
    return { ...hint, alive: true, swarm, nodeId };
  } catch (error) {
    if (error instanceof StepFailure) return { ...hint, alive: false, cause: error.message };
    throw error;
  }
};

const begin = async (hold: Hold, deadline: EpochMillis): Promise<Answer> => {
  const ask = (until: EpochMillis): Promise<Answer> =>
    onHost(hold, "host answers", {
      document: "begin-retire",
      parameters: { markRetiring: "yes" },
      executionSeconds: 150,
      deadline: until,
    });
  const first = hold.lease.lookedAt + FIRST_ANSWER_SECONDS * 1000;
  if (first >= deadline) return await ask(deadline);
  try {
    return await ask(first);
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return await ask(deadline);
  }
};

type Reach = { online: boolean; address: string; cause: string };

/** The agent's own record keeps the address of a host that has died. */
const reachable = (hold: Hold, deadline: EpochMillis): Promise<Reach> =>
  watch<null, Reach>(hold, "host reachable", {
    memory: null,
    // The look itself ends in time, with the address.
    endsAt: deadline,
    deadline: deadline + 60_000,
    look: async (_memory, now) => {
      const [agent] = await describeAgents(hold.world.systemsManager, [hold.lease.action.instanceId]);
      // An instance that was abandoned while it launched may never have had an agent: nothing to wait for.
      if (!agent) return { done: { online: false, address: "", cause: "it never had an SSM agent online" } };
      const cause = "the SSM agent lost its connection";
      if (agent.online || now >= deadline)
        return { done: { online: agent.online, address: agent.address, cause } };
      return { memory: null, because: cause };
    },
  });

/**
 * A host that does not answer may be dead, or only out of reach. Its group calls a machine unhealthy that EC2 ended, and a
 * load balancer no longer knows one that was terminated.
 */
export const isDead = (hold: Hold): Promise<boolean> =>
  watch<null, boolean>(hold, "is it dead", {
    memory: null,
    deadline: hold.lease.globalDeadline,
    look: async () => {
      const { world, lease } = hold;
      const member = await describeMember(world.autoScaling, lease.action.instanceId);
      if (member === undefined || !member.healthy) return { done: true };
      const { loadBalancer } = world.config;
      if (loadBalancer === undefined) return { done: false };
      const { standing } = await describeMembership(
        world.loadBalancing,
        loadBalancer,
        lease.action.instanceId,
      );
      return { done: standing === "terminated" };
    },
  });

const SPOT_LOOK_SECONDS = 30;

/**
 * Asks the host whether a Spot interruption is on its way. Changes nothing, so a forged warning changes nothing either.
 * @returns the time of the interruption as the metadata service gives it; undefined: none, or no answer.
 */
export const spotNotice = async (
  flow: Flow,
  world: World,
  action: HookAction,
  lookedAt: EpochMillis,
): Promise<string | undefined> => {
  const deadline = lookedAt + SPOT_LOOK_SECONDS * 1000;
  const lease: Lease = {
    about: { instanceId: action.instanceId },
    action,
    mayGoOn: (state) => state === "InService",
    heartbeatTimeoutSeconds: undefined,
    deadline,
    globalDeadline: deadline,
    lastHeartbeat: 0,
    lookedAt,
    endedAt: lookedAt,
  };
  try {
    const command = { document: "begin-retire", parameters: { markRetiring: "no" }, executionSeconds: 30 };
    const answer = await onHost({ flow, world, lease }, "spot notice", command);
    if (answer.kind !== "answered") return undefined;
    return parseAnswer(beginRetireAnswer, "begin-retire", answer.stdout).interruptedAt || undefined;
  } catch (error) {
    if (error instanceof StepFailure || error instanceof Overtaken) return undefined;
    throw error;
  }
};
