// What of a plan is asked for, and what is left to people: a decision of the plan that a person was shown.
import type { Plan, PlannedAction } from "./report.ts";

/** Nobody can do these but a person, elsewhere. */
const FOR_EYES = ["look-at", "look-at-kept"];

export interface Choice {
  asked: readonly PlannedAction[];
  left: readonly PlannedAction[];
}

export const choose = ({ actions }: Plan, { safe }: { safe: boolean }): Choice => {
  const wanted = ({ kind, risk }: PlannedAction): boolean =>
    !FOR_EYES.includes(kind) && (!safe || risk === "safe");
  return { asked: actions.filter(wanted), left: actions.filter((one) => !wanted(one)) };
};

/** Tokens are rotated by age; a person may have it done at once. */
export const ROTATION: PlannedAction = {
  kind: "rotate-tokens",
  subject: "swarm",
  reason:
    "a person asked for it: new join tokens, of workers and managers; nodes in the swarm notice nothing",
  fact: "S7",
  risk: "person",
};
