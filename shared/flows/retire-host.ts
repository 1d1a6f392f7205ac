// Is the host alive, and who is it to the swarm? The host itself answers; one that does not is dead as far as we can act on it.
import type { HookAction } from "../aws/auto-scaling.ts";
import { describeAgents } from "../aws/run-command.ts";
import { beginRetireAnswer, parseAnswer } from "../swarm/answers.ts";
import { Overtaken, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { onHost } from "./host.ts";
import { type Hold, type Lease, watch } from "./watch.ts";
import type { EpochMillis, World } from "./world.ts";

export type Host =
  | { alive: true; swarm: string; nodeId: string | undefined }
  | { alive: false; cause: string };

/** A living host answers within seconds; a join that it is in the middle of may keep it for a minute and a half. */
const ANSWER_SECONDS = 180;
/** EC2 called it unhealthy: it is asked all the same, since a failed health check is not a death. */
const SUSPECT_SECONDS = 30;

/** Tells the host to join no swarm from here on, and asks who it is. */
export const hostAnswers = async (hold: Hold, options: { suspect: boolean }): Promise<Host> => {
  const patience = (options.suspect ? SUSPECT_SECONDS : ANSWER_SECONDS) * 1000;
  const deadline = Math.min(hold.lease.lookedAt + patience, hold.lease.deadline);
  try {
    const online = await watch<null, boolean>(hold, "host reachable", {
      memory: null,
      deadline,
      look: async () => {
        const [agent] = await describeAgents(hold.world.systemsManager, [hold.lease.action.instanceId]);
        if (agent?.online) return { done: true };
        // An instance that was abandoned while it launched may never have had an agent: nothing to wait for.
        if (!agent) return { done: false };
        return { memory: null, because: "the SSM agent lost its connection" };
      },
    });
    if (!online) return { alive: false, cause: "it never had an SSM agent online" };
    const command = {
      document: "begin-retire",
      parameters: { markRetiring: "yes" },
      executionSeconds: 150,
      deadline,
    };
    const answer = await onHost(hold, "host answers", command);
    if (answer.kind === "silent") return { alive: false, cause: answer.cause };
    if (answer.kind === "refused") throw new StepFailure("host answers", `${answer.step}: ${answer.cause}`);
    const { swarm, nodeId } = parseAnswer(beginRetireAnswer, "begin-retire", answer.stdout);
    return { alive: true, swarm, nodeId: nodeId || undefined };
  } catch (error) {
    if (error instanceof StepFailure) return { alive: false, cause: error.message };
    throw error;
  }
};

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
    action,
    mayGoOn: (state) => state === "InService",
    heartbeatTimeoutSeconds: undefined,
    deadline,
    globalDeadline: deadline,
    lastHeartbeat: 0,
    lookedAt,
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
