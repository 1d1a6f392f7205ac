// What everything that applies actions is given, and what it gives back.
import type { Action, Plan } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import type { Snapshot } from "../../fleet/snapshot.ts";
import { AnswerError } from "../../swarm/answers.ts";
import { failureOf, StepFailure } from "../failure.ts";
import type { Errand } from "../watch.ts";
import type { RepairWorld } from "../world.ts";

export interface RepairErrand extends Errand {
  readonly world: RepairWorld;
  /** A person listed what is applied: no limit holds that is there for what happens by itself. */
  readonly byPerson: boolean;
  readonly plan: Plan;
  /** What the plan was made of. */
  readonly snapshot: Snapshot;
}

/** Applies actions of one kind, and says of each what became of it; one that fails does not stop the others. */
export type Applier = (errand: RepairErrand, actions: readonly Action[]) => Promise<AppliedView[]>;

/** In portions of at most so many. */
export const portions = <T>(list: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / most) }, (_, index) =>
    list.slice(index * most, (index + 1) * most),
  );

/** What fails for good is told of all that it was about, and stops nothing else. */
export const attempt = async (
  actions: readonly Action[],
  run: () => Promise<AppliedView[]>,
): Promise<AppliedView[]> => {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof StepFailure || error instanceof AnswerError)) throw error;
    const { step, cause } = failureOf(error);
    return actions.map((action) => applied(action, "failed", `${step}: ${cause}`));
  }
};

/** One after the other. */
export const each = async <From, To>(
  list: readonly From[],
  run: (one: From) => Promise<To>,
): Promise<To[]> => {
  const results: To[] = [];
  for (const one of list) results.push(await run(one));
  return results;
};
