// The payload of a backup, checked: a person can start one by hand too.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";

/** There is nothing to choose. */
const schema = z.strictObject({});

/** @throws EventError when it has any member. */
export const parseBackupRequest = (payload: unknown): Record<string, never> => {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new EventError("request for a backup {}", parsed.error);
  return {};
};
