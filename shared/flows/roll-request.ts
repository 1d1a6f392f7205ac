// The payload of a roll, checked. A push brings repository and digest alone, so that its doubles arrive at the same execution.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";
import { DIGEST_TEXT, REPOSITORY_NAME, SERVICE_NAME, TAG } from "../events/names.ts";

const schema = z.discriminatedUnion("trigger", [
  z.strictObject({
    trigger: z.literal("push"),
    repository: REPOSITORY_NAME,
    digest: DIGEST_TEXT,
    /** A repair's: this one alone; absent, as it is of a push: all that run the repository. */
    service: z.optional(SERVICE_NAME),
  }),
  z.strictObject({
    trigger: z.literal("person"),
    repository: REPOSITORY_NAME,
    image: z.union([DIGEST_TEXT, TAG]),
    /** This one alone; empty: all that run the repository. */
    service: z.union([SERVICE_NAME, z.literal("")]),
    why: z.string().check(z.maxLength(500)),
    dryRun: z.boolean(),
  }),
]);

/** `image`: a digest or a tag. */
export type RollRequest = z.infer<typeof schema>;

/** @throws EventError when it is no request. */
export const parseRollRequest = (payload: unknown): RollRequest => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new EventError("request for a roll {trigger, repository, digest}", parsed.error);
};
