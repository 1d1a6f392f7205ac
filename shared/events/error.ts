// An event that cannot be understood: thrown, so that it reaches the retries and then the dead-letter queue.
import type * as z from "zod/mini";

export class EventError extends Error {
  constructor(what: string, problem: z.core.$ZodError | string) {
    const detail =
      typeof problem === "string"
        ? problem
        : problem.issues.map((issue) => `${issue.path.join(".") || "event"}: ${issue.message}`).join("; ");
    super(
      `Cannot understand this ${what}: ${detail.slice(0, 500)}. It came from EventBridge or from a person; nothing was done.`,
    );
    this.name = "EventError";
  }
}
