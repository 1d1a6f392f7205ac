// The number of replicas, by compare-and-swap with what the plan saw: a service that a roll or an update is at, or that somebody has scaled
// meanwhile, is left alone.
import type { Action } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { markerOf } from "../../rolls/marker.ts";
import { type ServiceFacts, updateAnswer } from "../../swarm/services.ts";
import { failureOf, StepFailure } from "../failure.ts";
import { onManager } from "../manager.ts";
import type { Applier, RepairErrand } from "./errand.ts";

/** Fewer replicas: tasks that are on their way are waited for so long, or swarm may stop a running one in their place. */
const SETTLE_SECONDS = 20;
const WORK_SECONDS = 40;

export const setReplicas: Applier = async (errand, actions) => {
  const views: AppliedView[] = [];
  for (const action of actions) {
    try {
      views.push(await scaleOne(errand, action));
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      const { step, cause } = failureOf(error);
      views.push(applied(action, "failed", `${step}: ${cause}`));
    }
  }
  return views;
};

const scaleOne = async (errand: RepairErrand, action: Action): Promise<AppliedView> => {
  const { swarm } = errand.snapshot;
  const service = swarm.known ? swarm.value.services.find(({ name }) => name === action.service) : undefined;
  const { replicas } = action;
  if (!service || replicas === undefined)
    return applied(action, "failed", "the look does not tell of which service, or to how many: plan again");
  const was = service.replicas ?? 0;
  const settleSeconds = replicas < was ? SETTLE_SECONDS : 0;
  const answer = await onManager(errand, "set replicas", updateAnswer, {
    document: "update-service",
    parameters: {
      serviceId: service.id,
      rollId: errand.flow.name,
      act: "scale",
      replicas: String(replicas),
      was: String(was),
      settleSeconds: String(settleSeconds),
      waitSeconds: "0",
    },
    waitsSeconds: settleSeconds,
    executionSeconds: WORK_SECONDS + settleSeconds,
  });
  if (answer.outcome === "no-service") return applied(action, "not applied", "the service was removed");
  if (answer.outcome === "done") return applied(action, "done", `${was} → ${replicas} replicas`);
  return applied(action, "not applied", `${whyNot(answer.gz)}; it was left as it is`);
};

const whyNot = (facts: ServiceFacts): string => {
  const marker = markerOf(facts);
  if (marker) return `${marker.id} is at it, and restores its replicas itself`;
  if (!["none", "completed", "rollback_completed"].includes(facts.update.state))
    return `an update of it is ${facts.update.state}`;
  return `somebody has scaled it to ${facts.replicas} meanwhile`;
};
