// Requests for a repair, a person's and the schedule's: model and parsers.
import * as z from "zod/mini";
import { EventError } from "./error.ts";

/** More than a plan of the biggest fleet that was tried has; it has to fit into an event. */
const MOST_ACTIONS = 2_000;

/**
 * What is to be done of the plan that the repair makes: nothing, all that is safe, or what a person was shown and chose (of that, what the
 * new plan still has).
 */
export const APPLY = z.union([
  z.literal(false),
  z.literal("safe"),
  z.strictObject({
    actions: z
      .array(
        z.strictObject({
          kind: z.string().check(z.regex(/^[a-z]+(-[a-z]+)*$/, "not the kind of an action"), z.maxLength(40)),
          subject: z.string().check(z.minLength(1), z.maxLength(255)),
        }),
      )
      .check(z.minLength(1), z.maxLength(MOST_ACTIONS)),
  }),
]);

export type Apply = z.infer<typeof APPLY>;

export interface RepairTrigger {
  kind: "repair-by-hand" | "repair-due";
  apply: Apply;
}

const byHand = z.strictObject({ apply: APPLY });
const due = z.strictObject({});

/** Parses the `detail` of a person's request. @throws EventError when it does not say what is to be applied, or says more. */
export const parseRepairByHand = (detail: unknown): RepairTrigger => {
  const parsed = byHand.safeParse(detail);
  if (!parsed.success)
    throw new EventError('request for a repair {apply: false, "safe" or {actions}}', parsed.error);
  return { kind: "repair-by-hand", apply: parsed.data.apply };
};

/** Parses the `detail` of the schedule's. @throws EventError when it has any member. */
export const parseRepairDue = (detail: unknown): RepairTrigger => {
  const parsed = due.safeParse(detail);
  if (!parsed.success) throw new EventError("repair that is due", parsed.error);
  return { kind: "repair-due", apply: "safe" };
};
