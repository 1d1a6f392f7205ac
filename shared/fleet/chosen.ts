// Which actions of a plan are applied: what was asked for, as far as the plan made now still has it and nothing holds it.
import { action } from "./action.ts";
import type { Action, ActionKind, Plan } from "./actions.ts";
import { type AppliedView, applied } from "./applied.ts";

/** `false`: none. `safe`: all that need no person. A list: what a person was shown and chose. */
export type Asked = false | "safe" | { actions: readonly { kind: string; subject: string }[] };

export interface Chosen {
  /** In the plan's order. */
  todo: readonly Action[];
  /** Asked for, and not to be done. */
  left: readonly AppliedView[];
}

/** Nobody can do these but a person, elsewhere. */
const FOR_EYES: readonly ActionKind[] = ["look-at", "look-at-kept"];

const ROTATION = action("rotate-tokens", {}, "a person asked for it", { forPerson: true });

/** @param holdsFor why an action of the plan may not be applied now; empty: it may */
export const chooseActions = (
  plan: Plan,
  asked: Asked,
  holdsFor: (plan: Plan, action: Action) => readonly string[],
): Chosen => {
  if (asked === false) return { todo: [], left: [] };
  const wanted = asked === "safe" ? undefined : new Set(asked.actions.map(named));
  const meant = [
    ...plan.actions.filter((action) =>
      wanted ? wanted.has(named(action)) : action.risk === "safe" && !FOR_EYES.includes(action.kind),
    ),
    ...onDemand(plan, asked),
  ];
  const judged = meant.map((action) => ({ action, because: whyNot(plan, action, holdsFor) }));
  const there = new Set(meant.map(named));
  const gone = asked === "safe" ? [] : asked.actions.filter((one) => !there.has(named(one)));
  return {
    todo: judged.filter(({ because }) => because === "").map(({ action }) => action),
    left: [
      ...judged
        .filter(({ because }) => because !== "")
        .map(({ action, because }) => applied(action, "not applied", because)),
      ...gone.map(
        ({ kind, subject }): AppliedView => ({
          kind,
          subject,
          result: "not applied",
          details: "the plan made now does not have it: it is done, or the world has changed; plan again",
        }),
      ),
    ],
  };
};

/** Tokens are rotated by their age; a person may have it done at once, whatever the plan says. */
const onDemand = ({ actions }: Plan, asked: Asked): Action[] => {
  if (asked === false || asked === "safe") return [];
  const { kind, subject } = ROTATION;
  const wanted = asked.actions.some((one) => one.kind === kind && one.subject === subject);
  return wanted && !actions.some((one) => one.kind === kind) ? [ROTATION] : [];
};

const named = ({ kind, subject }: { kind: string; subject: string }): string => `${kind} ${subject}`;

const whyNot = (
  plan: Plan,
  action: Action,
  holdsFor: (plan: Plan, action: Action) => readonly string[],
): string => {
  if (FOR_EYES.includes(action.kind))
    return "a person has to look at it: there is nothing that a repair could do";
  const holds = holdsFor(plan, action);
  return holds.length === 0 ? "" : `held: ${holds.join("; ")}`;
};
