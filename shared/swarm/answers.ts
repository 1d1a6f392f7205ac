// What the documents print: one JSON line, first in standard output. Parsed once, here.
import * as z from "zod/mini";

/** Space separated words → a list. */
const words = z.pipe(
  z.string(),
  z.transform((text: string) => text.split(" ").filter(Boolean)),
);

const failed = z.object({ failed: z.object({ step: z.string(), cause: z.string() }) });

/** What the swarm's services need of a host: images by digest, and sources of bind mounts. */
export interface Needs {
  images: readonly string[];
  directories: readonly string[];
}

export const joinHostAnswer = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("joined"),
    nodeId: z.string(),
    joined: z.enum(["now", "already"]),
    pulled: z.number(),
  }),
  z.object({ outcome: z.enum(["prepared", "ready"]), pulled: z.number() }),
  z.object({ outcome: z.literal("retiring") }),
]);

export const activateAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("active"), tasks: words, images: words, directories: words }),
  z.object({
    outcome: z.literal("changed"),
    /** There when it is active all the same. */
    activated: z.optional(z.literal(true)),
    images: words,
    directories: words,
  }),
  z.object({ outcome: z.literal("unknown-node") }),
  z.object({ outcome: z.literal("retiring") }),
]);

export const initSwarmAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["initialised", "already"]), nodeId: z.string() }),
  /** A token is stored, and this host is in no swarm: there was one. */
  z.object({ outcome: z.literal("formed before") }),
  z.object({ outcome: z.literal("retiring") }),
]);

export const surveyManagersAnswer = z.object({ managers: z.number(), unreachable: z.number() });

export const rotateTokensAnswer = z.object({ rotated: z.literal(true) });

export const awaitTasksAnswer = z.object({ running: z.number() });

export const beginRetireAnswer = z.object({
  swarm: z.string(),
  nodeId: z.string(),
  interruptedAt: z.string(),
});

export const demoteAnswer = z.object({
  outcome: z.enum(["demoted", "not-a-manager", "would-lose-quorum", "under-way", "none"]),
  nodeIds: words,
  /** Managers as the swarm counts them, and those that would remain, of which so many are needed. */
  managers: z.number(),
  reachable: z.number(),
  remaining: z.number(),
  remainingReachable: z.number(),
  needed: z.number(),
  /** Swarm's own words, if it refused; of a demotion under way, the state of its node. */
  said: z.string(),
});

export const drainAnswer = z.object({ nodeIds: words, activeSince: z.string() });

export const leaveAnswer = z.object({ left: z.literal(true), was: z.string() });

export const removeAnswer = z.object({ removed: words });

/** Each edit as it was asked for, in the same order. */
export const mendNodesAnswer = z.object({
  edits: z.array(
    z.object({ edit: z.string(), outcome: z.enum(["done", "already", "refused"]), details: z.string() }),
  ),
});

export const restartAnswer = z.object({ restarted: z.literal(true) });

export const rescueAnswer = z.object({ rescued: z.number(), bytes: z.number(), missing: words });

export const deployAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["deployed", "exists"]), serviceId: z.string() }),
  z.object({ outcome: z.literal("not-in-stack") }),
  /** Hosts that could run it and were not asked to hold its image. */
  z.object({ outcome: z.literal("new-hosts"), hosts: words }),
]);
export type DeployAnswer = z.infer<typeof deployAnswer>;

/** The hint that one join leaves to the next. */
export const needsSchema = z.object({ images: z.array(z.string()), directories: z.array(z.string()) });

/** Any of the schemas above. */
export type AnswerSchema<T> = z.ZodMiniType<T>;

const firstLine = (stdout: string): unknown => {
  const line = stdout.split("\n", 1)[0] ?? "";
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/** The failure that a script reported itself; undefined: it said nothing that can be read. */
export const reportedFailure = (stdout: string): { step: string; cause: string } | undefined => {
  const parsed = failed.safeParse(firstLine(stdout));
  return parsed.success ? parsed.data.failed : undefined;
};

const withDisk = z.object({ disk: z.number() });

/** How full the host's disk is, in percent; undefined: this document, or an older one, does not say. */
export const diskOf = (stdout: string): number | undefined => {
  const parsed = withDisk.safeParse(firstLine(stdout));
  return parsed.success ? parsed.data.disk : undefined;
};

/** A document answered something else than it should: script and function do not fit together. */
export class AnswerError extends Error {
  readonly document: string;
  constructor(document: string, stdout: string) {
    super(`answered something else than it should: ${JSON.stringify(stdout.slice(0, 200))}`);
    this.name = "AnswerError";
    this.document = document;
  }
}

/** @throws AnswerError when the first line is not the JSON that this document prints. */
export const parseAnswer = <T>(schema: AnswerSchema<T>, document: string, stdout: string): T => {
  const parsed = schema.safeParse(firstLine(stdout));
  if (parsed.success) return parsed.data;
  throw new AnswerError(document, stdout);
};
