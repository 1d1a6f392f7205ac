// A person's request to roll: model and parser. Sent by the command line tool, or by anybody who may invoke dispatch.
import * as z from "zod/mini";
import { EventError } from "./error.ts";
import { DIGEST_TEXT, REPOSITORY_NAME, SERVICE_NAME, TAG } from "./names.ts";

const schema = z.strictObject({
  repository: REPOSITORY_NAME,
  /** A digest, or a tag such as `1.4.2`. */
  image: z.union([DIGEST_TEXT, TAG]),
  /** One service alone; absent: all that run the repository. */
  service: z._default(z.union([SERVICE_NAME, z.literal("")]), ""),
  why: z._default(z.string().check(z.maxLength(500)), ""),
  /** Says what would be done, and does nothing. */
  dryRun: z._default(z.boolean(), false),
});

export type RollByHand = { kind: "roll-by-hand" } & z.infer<typeof schema>;

/** Parses the `detail` of a request. @throws EventError when a member is missing, malformed or unknown. */
export const parseRollByHand = (detail: unknown): RollByHand => {
  const parsed = schema.safeParse(detail);
  if (!parsed.success) throw new EventError("request for a roll", parsed.error);
  return { kind: "roll-by-hand", ...parsed.data };
};
