// What everything that applies actions is given, and what it gives back.
import type { Action, Plan } from "../../fleet/actions.ts";
import type { AppliedView } from "../../fleet/applied.ts";
import type { Snapshot } from "../../fleet/snapshot.ts";
import type { Errand } from "../watch.ts";
import type { RepairWorld } from "../world.ts";

export interface RepairErrand extends Errand {
  readonly world: RepairWorld;
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
