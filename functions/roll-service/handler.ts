// The entry of `roll-service`: a durable function, started by name through `dispatch`.
import { createRollWorld } from "../../shared/flows/create-roll-world.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";
import { rollImage } from "../../shared/flows/roll.ts";
import { parseRollRequest } from "../../shared/flows/roll-request.ts";

const world = createRollWorld("roll-service");

export const handler = durableHandler(world.log, (flow, payload) =>
  rollImage(flow, world, parseRollRequest(payload)),
);
