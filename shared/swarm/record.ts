// The record that outlives the swarm: which instance formed it. A swarm that lost all managers looks like one that was never formed
// (docs/facts.md, D20); the record tells the two apart.
import * as z from "zod/mini";
import { type InstanceId, isInstanceId } from "../identifiers.ts";

const instanceId = z.pipe(
  z.string().check(z.refine(isInstanceId, "not an EC2 instance id")),
  z.transform((id: string) => id as InstanceId),
);

const schema = z.object({
  /** Only this one may (go on to) initialise the swarm. */
  formedBy: instanceId,
  /** When it was claimed: before the swarm was initialised. */
  at: z.iso.datetime(),
  /** When the join tokens were made, or rotated. */
  tokensAt: z.iso.datetime(),
});

export type SwarmRecord = z.infer<typeof schema>;

/** @throws Error when it is none: nothing may be concluded from it, least of all that there never was a swarm. */
export const parseRecord = (parameter: string, text: string): SwarmRecord => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(
    `Parameter ${parameter} holds no record of the swarm: ${JSON.stringify(text.slice(0, 200))}; put there what it should hold, such as {"formedBy":"i-…","at":"2026-01-01T00:00:00.000Z","tokensAt":"2026-01-01T00:00:00.000Z"}`,
  );
};

export const recordText = (record: SwarmRecord): string => JSON.stringify(record);
