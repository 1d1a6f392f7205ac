// The entry of `plan`: a durable function, started by name through `dispatch`.
import { createRepairWorld } from "../../shared/flows/create-repair-world.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";
import { planCluster } from "../../shared/flows/plan.ts";
import { parsePlanRequest } from "../../shared/flows/plan-request.ts";

const world = createRepairWorld("plan");

export const handler = durableHandler(world.log, (flow, payload) => {
  parsePlanRequest(payload);
  return planCluster(flow, world);
});
