// Every host that may run a task holds the image before anything is changed, pulled by digest with its own role: no task ever
// depends on a token that lives twelve hours (docs/facts.md, D7).
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { type Cause, pullCause } from "../rolls/cause.ts";
import { type Survey, surveyAnswer } from "../swarm/services.ts";
import { type HostTrouble, onHosts } from "./fleet.ts";
import { onManager } from "./manager.ts";
import type { RollErrand } from "./roll-target.ts";
import { watch } from "./watch.ts";

/** A pull of a large image by a slow host. */
const PULL_SECONDS = 900;
const SURVEY_SECONDS = 60;
/** A pull that failed for a moment, a node that swarm does not know to be down yet (12 s). */
const MOST_ROUNDS = 3;
const PAUSE_SECONDS = 10;

export const surveyServices = async (errand: RollErrand, repository: string): Promise<Survey> => {
  const { config } = errand.world;
  const { gz } = await onManager(errand, "survey services", surveyAnswer, {
    document: "survey-services",
    parameters: { image: `${config.registry}/${repository}` },
    executionSeconds: SURVEY_SECONDS,
  });
  return gz;
};

export interface Holding {
  repository: string;
  image: string;
  /** Images of the repository that hosts must not lose; others may go, so that disks do not fill. */
  keep: readonly string[];
}

/** @returns the hosts that hold it, or why it could not be. */
export const hostsHold = async (
  errand: RollErrand,
  holding: Holding,
  workers: readonly string[],
): Promise<{ holders: readonly InstanceId[] } | { cause: Cause }> => {
  let active = workers.filter(isInstanceId);
  let missing = active;
  for (let round = 1; ; round++) {
    const troubles = missing.length === 0 ? [] : await pull(errand, holding, missing);
    if (troubles.length === 0) return { holders: active };
    const failed = troubles.filter(({ silent }) => !silent);
    // What every host says is no host's fault, and is not going to pass.
    const hopeless = failed.length === missing.length && isHopeless(failed);
    if (hopeless || round === MOST_ROUNDS) return { cause: causeOf(failed.length > 0 ? failed : troubles) };
    await pause(errand, troubles);
    const survey = await surveyServices(errand, holding.repository);
    const held = active.filter((id) => !troubles.some(({ instanceId }) => instanceId === id));
    active = survey.workers.filter(isInstanceId);
    missing = active.filter((id) => !held.includes(id));
  }
};

const pull = (errand: RollErrand, { repository, image, keep }: Holding, hosts: readonly InstanceId[]) => {
  const { registry, registryRegion } = errand.world.config;
  return onHosts(errand, "hosts hold image", hosts, {
    document: "hold-images",
    parameters: {
      images: image,
      registry,
      registryRegion,
      keep: [...new Set(keep)].join(" "),
      prune: `${registry}/${repository}`,
    },
    executionSeconds: PULL_SECONDS,
  });
};

const isHopeless = (troubles: readonly HostTrouble[]): boolean =>
  troubles.every(({ instanceId, cause }) =>
    ["image-missing", "credentials"].includes(pullCause(instanceId, cause).code),
  );

const causeOf = ([first, ...others]: readonly HostTrouble[]): Cause => {
  if (!first) return { code: "unknown", text: "no host answered" };
  const more = others.length > 0 ? ` (and ${others.length} hosts more)` : "";
  if (first.silent) return { code: "host-unreachable", text: `${first.instanceId}: ${first.cause}${more}` };
  const cause = pullCause(first.instanceId, first.cause);
  return { ...cause, text: cause.text + more };
};

const pause = (errand: RollErrand, troubles: readonly HostTrouble[]): Promise<true> =>
  watch<{ since: number }, true>(errand, "pause before pulling again", {
    memory: { since: 0 },
    look: async ({ since }, now) => {
      const because = troubles.map(({ instanceId, cause }) => `${instanceId}: ${cause}`).join("; ");
      if (since > 0 && now - since >= PAUSE_SECONDS * 1000) return { done: true };
      return { memory: { since: since || now }, because: because.slice(0, 500), inSeconds: PAUSE_SECONDS };
    },
  });
