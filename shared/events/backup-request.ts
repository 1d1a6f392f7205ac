// A backup is wanted, by the schedule or by a person: model and parser.
import * as z from "zod/mini";
import { EventError } from "./error.ts";

export interface BackupDue {
  kind: "backup-due" | "backup-by-hand";
}

/** There is nothing to choose: where it goes is configuration. */
const schema = z.strictObject({});

const parserOf =
  (kind: BackupDue["kind"]) =>
  (detail: unknown): BackupDue => {
    const parsed = schema.safeParse(detail);
    if (!parsed.success) throw new EventError("request for a backup", parsed.error);
    return { kind };
  };

/** Parses the `detail` of the schedule's event. @throws EventError when it has any member. */
export const parseBackupDue = parserOf("backup-due");
/** The same of a person's request. */
export const parseBackupByHand = parserOf("backup-by-hand");
