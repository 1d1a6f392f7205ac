// The payload of a plan, checked: a person can start one by hand too.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";

/** Whoever wants more than a look asks `repair`; here it is refused, and not taken for a look. */
const schema = z.strictObject({ apply: z.literal(false) });

export type PlanRequest = z.infer<typeof schema>;

/** @throws EventError when it is no request. */
export const parsePlanRequest = (payload: unknown): PlanRequest => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new EventError("request for a plan {apply: false}", parsed.error);
};
