// What a roll came to, for one service: published, kept in its history, and read by people.
import type { Cause } from "./cause.ts";

export type RollResult =
  /** Every task runs the image. */
  | "converged"
  /** Every task runs the image before it again. */
  | "rolled back"
  /** The way back did not end well either: somebody has to look. */
  | "rollback failed"
  /** Something newer has taken over. */
  | "superseded"
  /** There was nothing to do. */
  | "skipped"
  /** Nothing could be proved: no manager answered, or no task has a place. */
  | "stalled"
  /** Nothing was touched, for a reason that somebody can mend. */
  | "refused";

export type Trigger = "push" | "person";

/** One service's end of one roll. Times are ISO 8601. */
export interface RollOutcome {
  roll: string;
  outcome: RollResult;
  /** Empty: no service runs the repository. */
  service: string;
  repository: string;
  /** The image that was to run, and its version where it has one. */
  image: string;
  version: string;
  /** What ran before, and what the service's spec names now. */
  from: string;
  runs: string;
  because: string;
  cause?: Cause;
  trigger: Trigger;
  /** A person's reason. */
  why: string;
  startedAt: string;
  seconds: number;
}

/** Somebody has to know of it. */
export const isTrouble = ({ outcome }: Pick<RollOutcome, "outcome">): boolean =>
  ["rolled back", "rollback failed", "stalled", "refused"].includes(outcome);

/** It changed, or tried to change, what runs: what a history is for. */
export const isHistory = ({ outcome, service }: Pick<RollOutcome, "outcome" | "service">): boolean =>
  service !== "" && outcome !== "skipped";
