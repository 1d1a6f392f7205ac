// The payload of a repair, checked: a person can start one by hand too.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";
import { APPLY } from "../events/repair-request.ts";

const schema = z.strictObject({ apply: APPLY });

export type RepairRequest = z.infer<typeof schema>;

/** @throws EventError when it is no request. */
export const parseRepairRequest = (payload: unknown): RepairRequest => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new EventError('request for a repair {apply: false, "safe" or {actions}}', parsed.error);
};
