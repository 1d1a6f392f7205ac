// What a step of a flow came to, read from the payload that its durable execution stored (shared/flows/watch.ts writes it).
import * as z from "zod/mini";
import type { AnswerSchema } from "../../shared/swarm/answers.ts";
import { parseAnswer } from "../../shared/swarm/answers.ts";

/** The end of a wait. */
export type StepEnd =
  | { kind: "done"; value: unknown }
  /** For good, or its time was up. */
  | { kind: "failed"; because: string }
  /** It goes on, or says nothing that can be read. */
  | { kind: "open"; because: string };

const ended = z.union([
  z.object({ failed: z.string() }),
  z.object({ late: z.string() }),
  z.object({ left: z.string() }),
  z.object({ done: z.unknown() }),
]);

const watched = z.object({ state: z.object({ because: z.string(), end: z.optional(ended) }) });

/** @param payload undefined or cut off: the history left it out */
export const stepEnd = (payload: string | undefined): StepEnd => {
  const parsed = watched.safeParse(parseJson(payload));
  if (!parsed.success) return { kind: "open", because: "" };
  const { end, because } = parsed.data.state;
  if (end === undefined) return { kind: "open", because };
  if ("failed" in end) return { kind: "failed", because: end.failed };
  if ("late" in end) return { kind: "failed", because: `not done when its time was up: ${end.late}` };
  if ("left" in end) return { kind: "failed", because: `the instance is ${end.left} now` };
  return { kind: "done", value: end.done };
};

const answered = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answered"), stdout: z.string() }),
  z.object({ kind: z.literal("refused"), step: z.string(), cause: z.string() }),
  z.object({ kind: z.literal("silent"), cause: z.string() }),
]);

/** What a document on a manager answered; `failed`: it reported a failure, or something that cannot be read. */
export const documentAnswer = <T>(value: unknown, schema: AnswerSchema<T>): T | { failed: string } => {
  const parsed = answered.safeParse(value);
  if (!parsed.success) return { failed: "answered something that this tool does not know" };
  if (parsed.data.kind !== "answered") return { failed: parsed.data.cause };
  try {
    return parseAnswer(schema, "document", parsed.data.stdout);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
};

/** @returns undefined for what is no JSON. */
export const parseJson = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
};
