// What is wrong with the cluster, and what would put it right: a pure function of a snapshot. Events, schedule and people share it, and
// the order in which anything was read does not change it.
import type { ReplicaPolicy } from "../config/cluster-config.ts";
import { inOrder } from "./action.ts";
import type { Plan } from "./actions.ts";
import { planBalancer } from "./balancer.ts";
import { planForming } from "./forming.ts";
import { planGhosts } from "./ghosts.ts";
import { holdsOf, unknownOf } from "./guards.ts";
import { planHooks } from "./hooks.ts";
import { planKept } from "./kept.ts";
import { planManagers } from "./managers.ts";
import { planMissingImages } from "./missing-images.ts";
import { mindNames } from "./names.ts";
import { planNodes } from "./nodes.ts";
import { drawPicture } from "./picture.ts";
import { planReplicas } from "./replicas.ts";
import { planRolls } from "./rolls.ts";
import type { Snapshot } from "./snapshot.ts";
import { planStack } from "./stack.ts";
import { planTokens } from "./tokens.ts";

export interface PlanConfig {
  /** Name of the Classic ELB; undefined: there is none to be in or out of. */
  loadBalancer: string | undefined;
  /** Of the workers at most this share, but always one, may be touched in swarm and load balancer by one plan. */
  mostTouchedPercent: number;
  /** Name of the execution that plans: it is not in its own way. */
  self?: string;
  replicas: ReplicaPolicy;
  /** With `ahead`: replicas beyond what has room. */
  replicasAhead: number;
  /** Join tokens older than this are rotated; 0: never by themselves. */
  tokenDays: number;
}

/** @returns the actions in the order in which they are to be applied, also when there are reasons to hold. */
export const planRepair = (snapshot: Snapshot, config: PlanConfig): Plan => {
  const picture = drawPicture(snapshot);
  const hooks = planHooks(picture);
  const found = [
    ...hooks,
    ...planKept(picture),
    ...planNodes(picture),
    ...planGhosts(picture),
    ...planManagers(picture),
    ...planForming(picture, hooks),
    ...planBalancer(picture, config.loadBalancer),
    ...planMissingImages(picture),
    ...planRolls(picture),
    ...planStack(picture),
  ];
  // What they would change again, and what is in others' hands, is known by now.
  const after = [...planReplicas(picture, config, found), ...planTokens(picture, config.tokenDays, found)];
  const actions = inOrder(mindNames(picture, [...found, ...after]));
  return {
    takenAt: snapshot.takenAt,
    holds: holdsOf(picture, actions, config),
    unknown: unknownOf(picture),
    actions,
  };
};
