// An event that cannot be understood: thrown, so that it reaches the retries and then the dead-letter queue.
import type * as z from "zod/mini";

export class EventError extends Error {
  constructor(what: string, problem: z.core.$ZodError | string) {
    const detail = typeof problem === "string" ? problem : problem.issues.map(wordsOf).join("; ");
    super(
      `Cannot understand this ${what}: ${detail.slice(0, 500)}. It came from EventBridge or from a person; nothing was done.`,
    );
    this.name = "EventError";
  }
}

/** zod's own words for a member too many do not name it. */
const wordsOf = (issue: z.core.$ZodIssue): string => {
  const where = issue.path.join(".") || "event";
  return issue.code === "unrecognized_keys"
    ? `${where}: no member is called ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`
    : `${where}: ${issue.message}`;
};
