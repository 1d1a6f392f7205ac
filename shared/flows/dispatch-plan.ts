// From a person's request to a look at the whole cluster. Requests of the same second arrive at the same one: what it finds is theirs too.
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { PlanByHand } from "../events/plan-request.ts";
import type { RepairRequest } from "./repair-request.ts";
import { type Dispatched, startFlow } from "./start.ts";
import type { EpochMillis, Log } from "./world.ts";

export interface PlanDispatcher {
  lambda: LambdaClient;
  functions: { repair: string };
  log: Log;
  now(): EpochMillis;
}

/** `plan-2026-01-01T00-00-00`: an execution's name takes no colons. */
const nameAt = (now: EpochMillis): string =>
  `plan-${new Date(now).toISOString().slice(0, 19).replaceAll(":", "-")}`;

/** A name that carries its second needs no count, and so no look at every plan that there has been. */
export const dispatchPlan = async (
  { lambda, log, functions, now }: PlanDispatcher,
  trigger: PlanByHand,
): Promise<Dispatched> => {
  const request: RepairRequest = { apply: false };
  const name = { name: nameAt(now()), running: false, closed: 0 };
  return await startFlow({ lambda, log }, functions.repair, name, request, { trigger: trigger.kind });
};
