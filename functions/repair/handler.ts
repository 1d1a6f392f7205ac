// The entry of `repair`: a durable function, started by name through `dispatch`.
import { createRepairWorld } from "../../shared/flows/create-repair-world.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";
import { repair } from "../../shared/flows/repair.ts";
import { parseRepairRequest } from "../../shared/flows/repair-request.ts";

const world = createRepairWorld("repair");

export const handler = durableHandler(world.log, (flow, payload) =>
  repair(flow, world, parseRepairRequest(payload)),
);
