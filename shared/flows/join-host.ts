// The host's part of a join: ready, images and directories in place, in the swarm as a drained node.
import { type Agent, describeAgents, versionAtLeast } from "../aws/run-command.ts";
import { joinHostAnswer, type Needs, parseAnswer } from "../swarm/answers.ts";
import { Overtaken, RETIRING, StepFailure } from "./failure.ts";
import { type HostCommand, onHost } from "./host.ts";
import type { Joining } from "./joining.ts";
import { findManagers } from "./manager.ts";
import { NO_HINT, removeNode } from "./node.ts";
import { type Hold, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/** Boot, with everything that cloud-init installs. */
const READY_SECONDS = 300;
/** Ready, and then pulls of several large images. */
const JOIN_HOST_SECONDS = 900;

/** The agent that hands parameters over as environment variables; an older one would leave them unset. */
const AGENT_VERSION = "3.3.2746.0";

/**
 * A new instance answers nothing until its agent has registered, which can take minutes when a hundred boot at once.
 * @returns the host's address.
 */
export const agentOnline = (hold: Hold): Promise<string> =>
  watch<null, string>(hold, "agent online", {
    memory: null,
    look: async () => {
      const [agent] = await describeAgents(hold.world.systemsManager, [hold.lease.action.instanceId]);
      if (!agent?.online) {
        const because = agent ? "the SSM agent lost its connection" : "the SSM agent has not registered";
        return { memory: null, because };
      }
      if (versionAtLeast(agent.version, AGENT_VERSION)) return { done: agent.address };
      const failed = `the SSM agent is ${agent.version}, and ${AGENT_VERSION} or newer is needed: update it in the image`;
      return { failed };
    },
  });

/**
 * Until a manager lets it in. Tells `joining` the node id that the host itself gives, which is empty when it was only prepared.
 * @param options.mode `ready` is no more than waiting for the host, `prepare` is for a warm pool.
 */
export const hostJoins = async (
  hold: Hold,
  joining: Joining,
  needs: Needs,
  options: { mode: "join" | "prepare" | "ready"; rejoin: boolean },
): Promise<void> => {
  for (;;) {
    const managers = await managersInReach(hold, joining, options.mode);
    const answer = await onHost(hold, "join host", joinHost(hold, joining, needs, options, managers));
    if (answer.kind === "answered") {
      const parsed = parseAnswer(joinHostAnswer, "join-host", answer.stdout);
      if (parsed.outcome === "retiring") throw new Overtaken("join host", RETIRING);
      if (parsed.outcome !== "joined") return;
      joining.nodeId = parsed.nodeId;
      joining.unfinished ||= parsed.joined === "now";
      return;
    }
    // Managers that let nobody in right now may do so in a moment; a token that they refuse stays refused.
    const mayPass =
      answer.kind === "refused" && answer.step === "join" && !/join token|certificate/i.test(answer.cause);
    if (!mayPass)
      throw new StepFailure(
        "join host",
        answer.kind === "refused" ? `${answer.step}: ${answer.cause}` : answer.cause,
      );
    await beforeAnotherAttempt(hold, answer.cause);
  }
};

const joinHost = (
  { world: { config } }: Hold,
  { role, address, serving }: Joining,
  needs: Needs,
  { mode, rejoin }: { mode: string; rejoin: boolean },
  managers: readonly string[],
): HostCommand => ({
  document: "join-host",
  parameters: {
    mode,
    managers: managers.join(" "),
    tokenParameter: role === "manager" ? config.managerTokenParameter : config.workerTokenParameter,
    registry: config.registry,
    registryRegion: config.registryRegion,
    images: needs.images.join(" "),
    directories: needs.directories.join(" "),
    readySeconds: String(READY_SECONDS),
    rejoin: yesOrNo(rejoin),
    role,
    // A worker's is what the managers see; the managers' must be known to each other.
    advertise: role === "manager" ? address : "",
    serving: yesOrNo(serving),
  },
  executionSeconds: JOIN_HOST_SECONDS,
});

const yesOrNo = (value: boolean): string => (value ? "yes" : "no");

/** Managers that were silent for longer than this were out of order: the attempt that failed tells nothing of the host. */
const OUT_OF_ORDER_MILLIS = 5_000;
/** What another attempt needs, once they are back. */
const ATTEMPT_MILLIS = 60_000;

/** @throws StepFailure with the cause when the time is up, unless the managers were to blame. */
const beforeAnotherAttempt = async (hold: Hold, cause: string): Promise<void> => {
  const { lease } = hold;
  const before = lease.deadline;
  // Asked for something harmless, they are waited for in case they are out of order altogether.
  await removeNode(hold, "managers answer", NO_HINT);
  const now = await pauseBeforeRejoin(hold, cause);
  if (lease.deadline - before > OUT_OF_ORDER_MILLIS) {
    lease.deadline = Math.min(lease.globalDeadline, Math.max(lease.deadline, now + ATTEMPT_MILLIS));
  } else if (now >= lease.deadline) throw new StepFailure("join host", cause);
};

/** Holds, with heartbeats, for as long as no manager can be reached: that is no fault of this instance. */
const managersInReach = async (hold: Hold, joining: Joining, mode: string): Promise<readonly string[]> => {
  // Who forms the swarm, or does not join at all, needs nobody.
  if (joining.formed || mode === "ready") return [joining.address];
  return await watch<null, string[]>(hold, "find managers", {
    memory: null,
    deadline: hold.lease.globalDeadline,
    holds: true,
    look: async () => {
      const managers = await findOthers(hold);
      const addresses = managers.map((manager) => manager.address).filter(Boolean);
      if (addresses.length > 0) return { done: addresses.slice(0, 9) };
      return { memory: null, because: noManager(hold) };
    },
  });
};

/** Managers in service; not the instance itself, which may be one of their group. */
export const findOthers = async ({ world, lease }: Hold): Promise<Agent[]> => {
  const managers = await findManagers(world, lease.action.instanceId);
  return managers.filter(({ instanceId }) => instanceId !== lease.action.instanceId);
};

export const noManager = ({ world }: Hold): string =>
  `no manager of ${world.config.managerGroups.join(", ")} is in service with its agent online`;

const REJOIN_PAUSE_MILLIS = 10_000;

/** @returns the time after the pause. */
const pauseBeforeRejoin = (hold: Hold, because: string): Promise<EpochMillis> =>
  watch<{ since: EpochMillis }, EpochMillis>(hold, "pause before joining again", {
    memory: { since: 0 },
    deadline: hold.lease.globalDeadline,
    look: async ({ since }, now) =>
      since > 0 && now - since >= REJOIN_PAUSE_MILLIS
        ? { done: now }
        : { memory: { since: since || now }, because },
  });
