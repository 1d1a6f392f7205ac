// The one host that forms the swarm: it does, or it holds until somebody has mended what keeps it from that.
import { initSwarmAnswer, parseAnswer } from "../swarm/answers.ts";
import { failureOf, Overtaken, RETIRING, StepFailure } from "./failure.ts";
import { type Answer, onHost } from "./host.ts";
import type { Joining } from "./joining.ts";
import { type Hold, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

const INIT_SECONDS = 240;
const INIT_PAUSE_SECONDS = 30;

/** What a person is told when there is no manager, and none that could become one by itself. */
export const lostSwarm = (parameter: string): string =>
  `nobody forms a second swarm by himself. Restore the swarm from its backup (docs/operate.md), or, if there never was one, delete the parameter ${parameter} and the managers that wait go on by themselves`;

/**
 * Whoever claimed the record forms the swarm, or nobody does: what keeps it from that (a role that lacks something, an engine that
 * refuses) is told, and it tries again for as long as its hook can be kept open.
 * @returns false when there was a swarm before, and this host is not in it (any more): it joins like any other.
 */
export const initSwarm = async (hold: Hold, joining: Joining): Promise<boolean> => {
  const { flow, world, lease } = hold;
  for (let attempt = 1; ; attempt++) {
    const answer = await askForInit(hold, joining);
    if (answer.kind === "answered") {
      const parsed = parseAnswer(initSwarmAnswer, "init-swarm", answer.stdout);
      if (parsed.outcome === "retiring") throw new Overtaken("init swarm", RETIRING);
      if (parsed.outcome === "formed before") return false;
      joining.formed = true;
      joining.nodeId = parsed.nodeId;
      return true;
    }
    const cause = answer.kind === "refused" ? `${answer.step}: ${answer.cause}` : answer.cause;
    // The swarm is there; what it lacks are stored tokens.
    joining.formed ||= answer.kind === "refused" && ["store", "tokens"].includes(answer.step);
    const now = await watch<{ since: EpochMillis }, EpochMillis>(hold, "pause before init", {
      memory: { since: 0 },
      deadline: lease.globalDeadline,
      holds: true,
      look: async ({ since }, now) => {
        if (since > 0) return { done: now };
        if (attempt === 1)
          world.log.error("the swarm cannot be formed: holding", {
            flow: flow.name,
            instanceId: lease.action.instanceId,
            cause,
            advice: `mend it, and it goes on by itself. No other manager does it: ${lostSwarm(world.config.swarmParameter)}`,
          });
        return { memory: { since: now }, because: cause, inSeconds: INIT_PAUSE_SECONDS };
      },
    });
    if (now >= lease.globalDeadline) throw new StepFailure("init swarm", cause);
  }
};

const askForInit = async (hold: Hold, { address }: Joining): Promise<Answer> => {
  const { config } = hold.world;
  const parameters = {
    addressPool: config.addressPool,
    advertise: address,
    workerTokenParameter: config.workerTokenParameter,
    managerTokenParameter: config.managerTokenParameter,
  };
  const deadline = hold.lease.globalDeadline;
  const command = { document: "init-swarm", parameters, executionSeconds: INIT_SECONDS, deadline };
  try {
    return await onHost(hold, "init swarm", command);
  } catch (error) {
    if (error instanceof StepFailure) return { kind: "silent", cause: failureOf(error).cause };
    throw error;
  }
};
