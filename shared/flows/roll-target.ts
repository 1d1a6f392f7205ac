// The image of a roll, as the registry knows it: digest, version, time of the push, and whether something newer is there. The first
// tags of a push are waited for, and the next push of a burst.

import { errorCode, errorText, isTransient } from "../aws/errors.ts";
import { describeImages, type PushedImage } from "../aws/images.ts";
import type { Target } from "../rolls/decide.ts";
import { imageName } from "../rolls/image.ts";
import { newestImage, versionOf } from "../rolls/tag-policy.ts";
import type { RollRequest } from "./roll-request.ts";
import { type Errand, type Look, watch } from "./watch.ts";
import type { RollWorld } from "./world.ts";

/** All that a part of a roll needs. */
export interface RollErrand extends Errand {
  readonly world: RollWorld;
}

/** What the registry says. Plain data: it is stored between steps. */
export type Image = { kind: "image"; version: string } & Target;
type Resolved = Image | { kind: "superseded" | "refused"; image: string; because: string };

/** A digest that was just pushed may not be described yet. */
const UNKNOWN_SECONDS = 30;
/** A push of a burst: what came after it is rolled. What comes later than this is judged by what runs, which says more. */
const YOUNG_MILLIS = 600_000;
/** A step's result must stay small. */
const MOST_NEWER = 500;
/** The registry's own minutes of trouble; the roll holds meanwhile. */
const MOST_SECONDS = 1_800;

export const resolveTarget = (errand: RollErrand, request: RollRequest): Promise<Resolved> => {
  const { world, lease } = errand;
  const { config } = world;
  const name = `${config.registry}/${request.repository}`;
  const asked = request.trigger === "push" ? request.digest : request.image;
  const find = (images: readonly PushedImage[]): PushedImage | undefined =>
    images.find(
      ({ digest, tags }) => digest === asked || (request.trigger === "person" && tags.includes(asked)),
    );

  return watch<{ since: number }, Resolved>(errand, "resolve image", {
    memory: { since: 0 },
    deadline: lease.endedAt + MOST_SECONDS * 1000,
    look: async ({ since }, now): Promise<Look<{ since: number }, Resolved>> => {
      const memory = { since: since || now };
      const refused = (because: string): Look<never, Resolved> => ({
        done: { kind: "refused", image: `${name}@${asked}`, because },
      });
      let images: PushedImage[];
      try {
        images = await describeImages(world.registry, config.registry, request.repository);
      } catch (error) {
        if (isTransient(error)) throw error;
        const denied = /AccessDenied|not authorized/i.test(`${errorCode(error)} ${errorText(error)}`);
        return refused(`${denied ? "credentials" : "image-missing"}: DescribeImages: ${errorText(error)}`);
      }
      const image = find(images);
      if (!image) {
        const because = `image-missing: ${request.repository} in ${config.registryRegion} has no image ${asked}`;
        if (request.trigger === "person" || now - memory.since > UNKNOWN_SECONDS * 1000)
          return refused(because);
        return { memory, because };
      }
      const full = imageName(name, versionOf(config, image.tags), image.digest);
      const newest = newestImage(config, images);
      const overtaken = newest !== undefined && newest.pushedAt > image.pushedAt;
      const instead = overtaken ? `${newest.tags.join(", ")} (${newest.digest.slice(7, 19)})` : "";
      if (request.trigger === "push") {
        const age = now - image.pushedAt.getTime();
        if (overtaken && age < YOUNG_MILLIS)
          return {
            done: { kind: "superseded", image: full, because: `${instead}, pushed later, is to run` },
          };
        const settling = config.rollSettleSeconds * 1000 - age;
        if (settling > 0)
          return {
            memory,
            because: "more tags of the image, or another push, may follow",
            inSeconds: settling / 1000,
          };
      }
      const later = images.filter(({ pushedAt }) => pushedAt > image.pushedAt);
      const last = Math.max(...[image, ...later].map(({ pushedAt }) => pushedAt.getTime()));
      return {
        done: {
          kind: "image",
          image: full,
          version: versionOf(config, image.tags) ?? "",
          pushedAt: image.pushedAt.toISOString(),
          seen: new Date(request.trigger === "push" ? image.pushedAt : last).toISOString(),
          instead,
          newer: later.map(({ digest }) => digest).slice(0, MOST_NEWER),
        },
      };
    },
  });
};
