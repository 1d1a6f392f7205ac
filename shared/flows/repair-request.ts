// The payload of a repair, checked: a person can start one by hand too.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";

/** Applying a plan is not built yet: what asks for it is refused, and not taken for a look. */
const schema = z.strictObject({ apply: z.literal(false) });

export type RepairRequest = z.infer<typeof schema>;

/** @throws EventError when it is no request. */
export const parseRepairRequest = (payload: unknown): RepairRequest => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new EventError("request for a plan {apply: false}", parsed.error);
};
