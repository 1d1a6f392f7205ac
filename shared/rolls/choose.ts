// Which image a request means, as the registry knows it now: its digest and version, when it was pushed, and whether something newer is
// there. The first tags of a push are waited for, and the next push of a burst.
import type { PushedImage } from "../aws/images.ts";
import type { Cause } from "./cause.ts";
import type { Target } from "./decide.ts";
import { imageName } from "./image.ts";
import { newestImage, type TagPolicy, versionOf } from "./tag-policy.ts";

export interface Asked {
  /** `registry/repository`. */
  repository: string;
  /** A digest; from a person a tag as well. */
  image: string;
  byPerson: boolean;
}

/** Plain data: it is stored between steps. */
export type Image = { kind: "image"; version: string } & Target;

export type Choice =
  | Image
  | { kind: "superseded"; image: string; because: string }
  | { kind: "refused"; image: string; because: string; cause: Cause }
  | { kind: "wait"; because: string; seconds?: number };

/** A digest that was just pushed may not be described yet. */
const UNKNOWN_SECONDS = 30;
/** A push of a burst: what came after it is rolled. What comes later than this is judged by what runs, which says more. */
const YOUNG_SECONDS = 600;
/** A step's result must stay small. */
const MOST_NEWER = 500;

export const refusal = ({ repository, image }: Asked, cause: Cause): Choice => ({
  kind: "refused",
  image: `${repository}${image.startsWith("sha256:") ? "@" : ":"}${image}`,
  because: "nothing was changed",
  cause,
});

/** A decision of data. @param times `now` in epoch milliseconds; `waited`: seconds since the registry was asked first */
export const chooseImage = (
  images: readonly PushedImage[],
  asked: Asked,
  policy: TagPolicy & { rollSettleSeconds: number },
  times: { now: number; waited: number },
): Choice => {
  const image = images.find(
    ({ digest, tags }) => digest === asked.image || (asked.byPerson && tags.includes(asked.image)),
  );
  if (!image) {
    const text = `${asked.repository} has no image ${asked.image}`;
    if (asked.byPerson || times.waited > UNKNOWN_SECONDS)
      return refusal(asked, { code: "image-missing", text });
    return { kind: "wait", because: text };
  }
  const version = versionOf(policy, image.tags);
  const name = imageName(asked.repository, version, image.digest);
  const newest = newestImage(policy, images);
  const overtaken = newest !== undefined && newest.pushedAt > image.pushedAt;
  const instead = overtaken ? `${newest.tags.join(", ")} (${newest.digest.slice(7, 19)})` : "";
  const age = (times.now - image.pushedAt.getTime()) / 1000;
  if (!asked.byPerson && overtaken && age < YOUNG_SECONDS)
    return { kind: "superseded", image: name, because: `${instead}, pushed later, is to run` };
  if (!asked.byPerson && age < policy.rollSettleSeconds) {
    const because = "more tags of the image, or another push, may follow";
    return { kind: "wait", because, seconds: policy.rollSettleSeconds - age };
  }
  const later = images.filter(({ pushedAt }) => pushedAt > image.pushedAt);
  const last = Math.max(...[image, ...later].map(({ pushedAt }) => pushedAt.getTime()));
  return {
    kind: "image",
    image: name,
    version: version ?? "",
    pushedAt: image.pushedAt.toISOString(),
    seen: new Date(asked.byPerson ? last : image.pushedAt).toISOString(),
    instead,
    newer: later.map(({ digest }) => digest).slice(0, MOST_NEWER),
  };
};
