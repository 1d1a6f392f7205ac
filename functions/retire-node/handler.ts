// The entry of `retire-node`: a durable function, started by name through `dispatch`.
import { createWorld } from "../../shared/flows/create-world.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";
import { parseHookRequest } from "../../shared/flows/request.ts";
import { retireNode } from "../../shared/flows/retire.ts";

const world = createWorld("retire-node");

export const handler = durableHandler(world.log, (flow, payload) =>
  retireNode(flow, world, parseHookRequest(payload)),
);
