// Who applies what. Kinds go in the plan's order; whatever happens to one of them, the others are applied.
import type { Action, ActionKind } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { deregisterInstances, registerInstances } from "./balancer.ts";
import { type Applier, attempt, each, type RepairErrand } from "./errand.ts";
import { startFlows } from "./flows.ts";
import { holdImages } from "./images.ts";
import { removeManagers } from "./managers.ts";
import { mendNodes } from "./nodes.ts";
import { setReplicas } from "./replicas.ts";
import { startRolls } from "./rolls.ts";
import { deployServices } from "./stack.ts";
import { rotateTokens } from "./tokens.ts";

/** A kind without an applier is for people alone. */
const APPLIERS: Readonly<Partial<Record<ActionKind, Applier>>> = {
  "start-join": startFlows,
  "start-retire": startFlows,
  "join-instance": startFlows,
  "activate-node": startFlows,
  "label-node": mendNodes,
  "remove-ghost": mendNodes,
  "promote-node": mendNodes,
  "remove-manager": removeManagers,
  "register-instance": registerInstances,
  "deregister-instance": deregisterInstances,
  "finish-roll": startRolls,
  "roll-newest": startRolls,
  "hold-images": holdImages,
  "deploy-service": deployServices,
  "set-replicas": setReplicas,
  "rotate-tokens": rotateTokens,
};

/** @param actions in the plan's order, which puts those of one kind together */
export const applyActions = async (
  errand: RepairErrand,
  actions: readonly Action[],
): Promise<AppliedView[]> => {
  const kinds = [...new Set(actions.map(({ kind }) => kind))];
  const views = await each(kinds, (kind) =>
    applyKind(
      errand,
      kind,
      actions.filter((action) => action.kind === kind),
    ),
  );
  return views.flat();
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
  return await attempt(actions, () => applier(errand, actions));
};
