// From a person's request to a look at the whole cluster. Requests of the same second arrive at the same one: what it finds is theirs too.
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { PlanByHand } from "../events/plan-request.ts";
import type { PlanRequest } from "./plan-request.ts";
import { type Dispatched, nameAt, startFlow } from "./start.ts";
import type { EpochMillis, Log } from "./world.ts";

export interface PlanDispatcher {
  lambda: LambdaClient;
  functions: { plan: string };
  log: Log;
  now(): EpochMillis;
}

export const dispatchPlan = async (
  { lambda, log, functions, now }: PlanDispatcher,
  trigger: PlanByHand,
): Promise<Dispatched> => {
  const request: PlanRequest = { apply: false };
  const name = { name: nameAt("plan", now()), running: false, closed: 0 };
  return await startFlow({ lambda, log }, functions.plan, name, request, { trigger: trigger.kind });
};
