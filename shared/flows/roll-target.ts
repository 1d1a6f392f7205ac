// The image of a roll, asked of the registry until it is clear which one it is.
import { errorText, isTransient } from "../aws/errors.ts";
import { describeImages } from "../aws/images.ts";
import { type Asked, type Choice, chooseImage, refusal } from "../rolls/choose.ts";
import type { RollRequest } from "./roll-request.ts";
import { type Errand, type Look, watch } from "./watch.ts";
import type { RollWorld } from "./world.ts";

/** All that a part of a roll needs. */
export interface RollErrand extends Errand {
  readonly world: RollWorld;
}

type Chosen = Exclude<Choice, { kind: "wait" }>;
interface Asking {
  since: number;
}

/** The registry's own minutes of trouble; the roll holds meanwhile. */
const MOST_SECONDS = 1_800;

export const resolveTarget = (errand: RollErrand, request: RollRequest): Promise<Chosen> => {
  const { world, lease } = errand;
  const { config } = world;
  const byPerson = request.trigger === "person";
  const repository = `${config.registry}/${request.repository}`;
  const asked: Asked = { repository, image: byPerson ? request.image : request.digest, byPerson };

  return watch<Asking, Chosen>(errand, "resolve image", {
    memory: { since: 0 },
    deadline: lease.endedAt + MOST_SECONDS * 1000,
    look: async ({ since }, now): Promise<Look<Asking, Chosen>> => {
      const memory = { since: since || now };
      const choice = await choose(world, request.repository, asked, {
        now,
        waited: (now - memory.since) / 1000,
      });
      if (choice.kind !== "wait") return { done: choice };
      const { because, seconds } = choice;
      return { memory, because, ...(seconds === undefined ? {} : { inSeconds: seconds }) };
    },
  });
};

const choose = async (
  { registry, config }: RollWorld,
  repository: string,
  asked: Asked,
  times: { now: number; waited: number },
): Promise<Choice> => {
  try {
    const images = await describeImages(registry, config.registry, repository);
    return chooseImage(images, asked, config, times);
  } catch (error) {
    if (isTransient(error)) throw error;
    const text = `DescribeImages of ${repository} in ${config.registryRegion}: ${errorText(error)}`;
    const denied = /AccessDenied|not authorized/i.test(text);
    return refusal(asked, { code: denied ? "credentials" : "image-missing", text });
  }
};
