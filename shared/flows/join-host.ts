// The host's part of a join: ready, images and directories in place, in the swarm as a drained worker.
import { joinHostAnswer, type Needs, parseAnswer, removeAnswer } from "../swarm/answers.ts";
import { Overtaken, StepFailure } from "./failure.ts";
import { onHost } from "./host.ts";
import { findManagers, onManager } from "./manager.ts";
import { type Hold, watch } from "./watch.ts";

/** Boot, with everything that cloud-init installs. */
const READY_SECONDS = 300;
/** Ready, and then pulls of several large images. */
const JOIN_HOST_SECONDS = 900;

/** @returns the node id that the host itself gives; empty when it was only prepared. */
export const hostJoins = async (
  hold: Hold,
  needs: Needs,
  options: { mode: "join" | "prepare"; rejoin: boolean },
): Promise<string> => {
  for (;;) {
    const managers = await managersInReach(hold);
    const answer = await onHost(hold, "join host", {
      document: "join-host",
      parameters: {
        mode: options.mode,
        managers: managers.join(" "),
        tokenParameter: hold.world.config.workerTokenParameter,
        registry: hold.world.config.registry,
        registryRegion: hold.world.config.registryRegion,
        images: needs.images.join(" "),
        directories: needs.directories.join(" "),
        readySeconds: String(READY_SECONDS),
        rejoin: options.rejoin ? "yes" : "no",
      },
      executionSeconds: JOIN_HOST_SECONDS,
    });
    if (answer.kind === "answered") {
      const parsed = parseAnswer(joinHostAnswer, "join-host", answer.stdout);
      if (parsed.outcome === "retiring") throw new Overtaken("join host", "retiring");
      return parsed.outcome === "joined" ? parsed.nodeId : "";
    }
    // Managers that let nobody in right now may do so in a moment; a token that they refuse stays refused.
    const mayPass =
      answer.kind === "refused" && answer.step === "join" && !/join token|certificate/i.test(answer.cause);
    if (!mayPass)
      throw new StepFailure(
        "join host",
        answer.kind === "refused" ? `${answer.step}: ${answer.cause}` : answer.cause,
      );
    await managersAnswer(hold);
    await pauseBeforeRejoin(hold, answer.cause);
  }
};

/** Managers that let nobody in may be out of order altogether: asked for something harmless, they are waited for. */
const managersAnswer = (hold: Hold): Promise<unknown> =>
  onManager(hold, "managers answer", removeAnswer, {
    document: "remove-node",
    parameters: { instanceId: hold.lease.action.instanceId, nodeId: "" },
    executionSeconds: 60,
  });

/** Holds, with heartbeats, for as long as no manager can be reached: that is no fault of this instance. */
const managersInReach = (hold: Hold): Promise<string[]> =>
  watch<null, string[]>(hold, "find managers", {
    memory: null,
    deadline: hold.lease.globalDeadline,
    holds: true,
    look: async () => {
      const managers = await findManagers(hold.world, hold.lease.action.instanceId);
      const addresses = managers.map((manager) => manager.address).filter(Boolean);
      if (addresses.length > 0) return { done: addresses.slice(0, 9) };
      return {
        memory: null,
        because: `no manager of ${hold.world.config.managerGroups.join(", ")} is in service with its agent online`,
      };
    },
  });

const REJOIN_PAUSE_MILLIS = 10_000;

const pauseBeforeRejoin = (hold: Hold, because: string): Promise<true> =>
  watch<{ since: number }, true>(hold, "pause before joining again", {
    memory: { since: 0 },
    look: async ({ since }, now) =>
      since > 0 && now - since >= REJOIN_PAUSE_MILLIS
        ? { done: true }
        : { memory: { since: since || now }, because },
  });
