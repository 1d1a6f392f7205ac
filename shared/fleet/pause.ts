// The switch that pauses rolls and repairs: one parameter, which is there while they are paused. Joins and retirements go on:
// their hooks would run out.
import * as z from "zod/mini";

export interface Pause {
  why: string;
  /** Whoever paused, as far as their machine knows. */
  by: string;
  /** ISO 8601. */
  at: string;
}

const line = (most: number) => z.string().check(z.minLength(1), z.maxLength(most));

const schema = z.object({ why: line(500), by: line(200), at: z.iso.datetime() });

/** It is there, and cannot be read: somebody wanted a pause, so there is one. */
export class PauseError extends Error {
  constructor(parameter: string, problem: string) {
    super(
      `the parameter ${parameter} is there and does not say who paused, when and why (${problem}): this is taken for a pause; ` +
        `end it with hive-swarm resume, or write {"why": "…", "by": "…", "at": "2026-01-01T00:00:00Z"} into it`,
    );
    this.name = "PauseError";
  }
}

/** @throws PauseError */
export const parsePause = (parameter: string, text: string): Pause => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PauseError(parameter, "it is no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
  throw new PauseError(parameter, problems.join("; "));
};

/** `paused since 2026-01-01T00:00:00Z by ann@desk: moving the registry` */
export const pauseText = ({ why, by, at }: Pause): string => `paused since ${at} by ${by}: ${why}`;
