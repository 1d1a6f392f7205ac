// The two ways in which a flow leaves its straight path.

import { AnswerError } from "../swarm/answers.ts";

/** A step failed for good; the flow cleans up, and this is what it reports. */
export class StepFailure extends Error {
  readonly step: string;
  constructor(step: string, cause: string) {
    super(`${step}: ${cause}`);
    this.name = "StepFailure";
    this.step = step;
  }
}

/** What it is overtaken by when the machine, or its node, carries the mark of a retirement. */
export const RETIRING = "retiring";

/** What stands for a lifecycle state when no group knows the instance any more. */
export const GONE = "gone from its group";

/** The instance is no longer in the state that the flow acts on: somebody or something else decided. */
export class Overtaken extends Error {
  readonly step: string;
  readonly state: string;
  constructor(step: string, state: string) {
    super(`${step}: the instance is ${state} now`);
    this.name = "Overtaken";
    this.step = step;
    this.state = state;
  }
}

/** Step and cause of whatever was thrown, for the report. */
export const failureOf = (error: unknown): { step: string; cause: string } => {
  if (error instanceof StepFailure)
    return { step: error.step, cause: error.message.slice(error.step.length + 2) };
  if (error instanceof AnswerError) return { step: `answer of ${error.document}`, cause: error.message };
  if (error instanceof Error) return { step: error.name, cause: error.message };
  return { step: "unknown", cause: String(error) };
};
