// What backup-swarm answers: saved, or why this manager's engine was not stopped for it.
import * as z from "zod/mini";

const saved = z.object({
  outcome: z.literal("saved"),
  key: z.string(),
  bytes: z.number(),
  /** Whether the copy is of a stopped engine, or of a running one and proved to be of one moment. */
  engine: z.enum(["stopped", "running"]),
  /** From stopping the engine until the manager was reachable for the others again. */
  downMillis: z.number(),
  managers: z.number(),
  /** What it holds opens only with the key that docker swarm unlock asks for. */
  autolock: z.boolean(),
});

export type SavedState = z.infer<typeof saved>;

export const backupAnswer = z.discriminatedUnion("outcome", [
  saved,
  /** Another manager is to be asked. */
  z.object({ outcome: z.literal("leader") }),
  /** No manager could be spared at that moment. */
  z.object({ outcome: z.literal("held"), because: z.string() }),
]);

export type BackupAnswer = z.infer<typeof backupAnswer>;
