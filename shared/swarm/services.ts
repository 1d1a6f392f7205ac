// What managers say of services: the facts of one that the judgement of a roll rests on. Packed, since a fleet's tables would
// not fit into what Systems Manager keeps of a command's output.
import { gunzipSync } from "node:zlib";
import * as z from "zod/mini";
import type { AnswerSchema } from "./answers.ts";

const taskGroup = z.object({
  image: z.string(),
  /** As the engine says: `pending`, `assigned`, `preparing`, `starting`, `running`, … */
  state: z.string(),
  /** Assigned to a node. */
  placed: z.boolean(),
  count: z.number(),
});

const taskFailure = z.object({
  task: z.string(),
  state: z.string(),
  /** Id of its container; empty: it never had one. */
  container: z.string(),
  error: z.string(),
  exitCode: z.nullable(z.number()),
  /** EC2 instance; empty when its node has no label. */
  instance: z.string(),
  /** State and availability of its node. */
  node: z.string(),
  availability: z.string(),
  /** The last lines that the container wrote; empty when they could not be had. */
  lines: z.string(),
});

export const serviceFacts = z.object({
  id: z.string(),
  name: z.string(),
  mode: z.enum(["replicated", "global", "job"]),
  replicas: z.nullable(z.number()),
  image: z.string(),
  /** Constrained to managers, which pull nothing. */
  managersOnly: z.boolean(),
  /** What each task has for itself: whole CPUs and hundredths; 0: nothing. */
  reservedCpus: z.number(),
  /** Those that begin with `hive.`. */
  labels: z.record(z.string(), z.string()),
  update: z.object({ state: z.string(), message: z.string(), startedAt: z.string() }),
  monitorSeconds: z.number(),
  /** Tasks that are to run, in groups. */
  tasks: z.array(taskGroup),
  /** Tasks that are to stop and still run: on a full swarm their successors have no place until then. */
  stopping: z.number(),
  /** Seconds since the youngest running task of the spec's image began to run. */
  youngest: z.nullable(z.number()),
  /** Tasks of the spec's image that failed, were rejected, or ended by themselves since the roll began, and the newest of them. */
  failed: z.number(),
  failures: z.array(taskFailure),
  /** Why tasks do not run yet, in the scheduler's words. */
  waiting: z.array(z.string()),
});

const survey = z.object({
  services: z.array(serviceFacts),
  /** Instances of active, ready workers. */
  workers: z.array(z.string()),
  /** Such workers without our label: nobody can have them pull anything. */
  unlabelled: z.number(),
});

export type Explanation = z.infer<typeof explainAnswer>;
export type TaskFailure = z.infer<typeof taskFailure>;
export type ServiceFacts = z.infer<typeof serviceFacts>;
export type Survey = z.infer<typeof survey>;

/** Packed → checked. @throws z.core.$ZodError, or what unpacking says. */
export const packed = <T>(schema: AnswerSchema<T>) =>
  z.pipe(
    z.string(),
    z.pipe(
      z.transform((text: string, context): unknown => {
        try {
          return JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString("utf8"));
        } catch (error) {
          context.issues.push({
            code: "custom",
            message: `cannot be unpacked: ${String(error)}`,
            input: text,
          });
          return undefined;
        }
      }),
      schema,
    ),
  );

export const surveyAnswer = z.object({ gz: packed(survey) });

export const watchAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("seen"), gz: packed(serviceFacts) }),
  z.object({ outcome: z.literal("no-service") }),
]);

export const updateAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["done", "lost", "changed"]), gz: packed(serviceFacts) }),
  /** Workers that became active meanwhile and do not hold the image. */
  z.object({ outcome: z.literal("new-hosts"), hosts: z.string(), gz: packed(serviceFacts) }),
  z.object({ outcome: z.literal("no-service") }),
]);

/** Why a container ended, in its host's words. */
export const explainAnswer = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("seen"),
    exitCode: z.number(),
    oomKilled: z.boolean(),
    unhealthy: z.boolean(),
    /** What the last health check printed. */
    probe: z.string(),
    error: z.string(),
    lines: z.string(),
  }),
  z.object({ outcome: z.literal("gone") }),
]);
