// A person's request for a plan: model and parser. Sent by the command line tool, or by anybody who may invoke dispatch.
import * as z from "zod/mini";
import { EventError } from "./error.ts";

export interface PlanByHand {
  kind: "plan-by-hand";
}

/** There is nothing to choose: a plan is of the whole cluster, and changes nothing. */
const schema = z.strictObject({});

/** Parses the `detail` of a request. @throws EventError when it has any member. */
export const parsePlanByHand = (detail: unknown): PlanByHand => {
  const parsed = schema.safeParse(detail);
  if (!parsed.success) throw new EventError("request for a plan", parsed.error);
  return { kind: "plan-by-hand" };
};
