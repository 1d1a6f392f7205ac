// ECR image actions: model and parser. One event a tag; a push by digest, and a part of a multi-architecture image, has none.
import * as z from "zod/mini";
import type { Digest } from "../identifiers.ts";
import { EventError } from "./error.ts";
import { DIGEST_TEXT, REPOSITORY_NAME, TAG } from "./names.ts";

export type ImagePush =
  | { kind: "push"; repository: string; digest: Digest; tag: string }
  /** Something else happened to an image, or to one without a tag: nothing that a roll could follow. */
  | { kind: "image-action"; what: string };

const action = z.object({
  result: z.string(),
  "action-type": z.string(),
  "repository-name": REPOSITORY_NAME,
  "image-digest": z.optional(z.string()),
  "image-tag": z.optional(z.string()),
});

const pushed = z.object({ "image-digest": DIGEST_TEXT, "image-tag": TAG });

/** Parses the `detail` of an ECR image action. @throws EventError when a member is missing or malformed. */
export const parsePush = (detail: unknown): ImagePush => {
  const parsed = action.safeParse(detail);
  if (!parsed.success) throw new EventError("ECR image action", parsed.error);
  const { result, "action-type": type, "repository-name": repository, "image-tag": tag } = parsed.data;
  if (type !== "PUSH" || result !== "SUCCESS")
    return { kind: "image-action", what: `${type.slice(0, 40)} ${result.slice(0, 40)} in ${repository}` };
  if (!tag) return { kind: "image-action", what: `push without a tag to ${repository}` };
  const image = pushed.safeParse(parsed.data);
  if (!image.success) throw new EventError("ECR image action", image.error);
  return { kind: "push", repository, digest: image.data["image-digest"], tag: image.data["image-tag"] };
};
