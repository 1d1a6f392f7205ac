// Who applies what. Kinds go in the plan's order; whatever happens to one of them, the others are applied.
import type { Action, ActionKind } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { AnswerError } from "../../swarm/answers.ts";
import { failureOf, StepFailure } from "../failure.ts";
import { deregisterInstances, registerInstances } from "./balancer.ts";
import type { Applier, RepairErrand } from "./errand.ts";
import { startFlows } from "./flows.ts";
import { mendNodes } from "./nodes.ts";
import { startRolls } from "./rolls.ts";

/** A kind without an applier is for people alone. */
const APPLIERS: Readonly<Partial<Record<ActionKind, Applier>>> = {
  "start-join": startFlows,
  "start-retire": startFlows,
  "join-instance": startFlows,
  "activate-node": startFlows,
  "label-node": mendNodes,
  "remove-ghost": mendNodes,
  "register-instance": registerInstances,
  "deregister-instance": deregisterInstances,
  "finish-roll": startRolls,
  "roll-newest": startRolls,
};

/** @param actions in the plan's order, which puts those of one kind together */
export const applyActions = async (
  errand: RepairErrand,
  actions: readonly Action[],
): Promise<AppliedView[]> => {
  const kinds = [...new Set(actions.map(({ kind }) => kind))];
  const all: AppliedView[] = [];
  for (const kind of kinds)
    all.push(
      ...(await applyKind(
        errand,
        kind,
        actions.filter((action) => action.kind === kind),
      )),
    );
  return all;
};

const applyKind = async (
  errand: RepairErrand,
  kind: ActionKind,
  actions: readonly Action[],
): Promise<AppliedView[]> => {
  const applier = APPLIERS[kind];
  if (!applier)
    return actions.map((action) =>
      applied(action, "not applied", `nothing is built that could apply ${kind}: a person has to`),
    );
  try {
    return await applier(errand, actions);
  } catch (error) {
    if (!(error instanceof StepFailure || error instanceof AnswerError)) throw error;
    const { step, cause } = failureOf(error);
    return actions.map((action) => applied(action, "failed", `${step}: ${cause}`));
  }
};
