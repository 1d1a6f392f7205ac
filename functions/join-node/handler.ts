// The entry of `join-node`: a durable function, started by name through `dispatch`.
import { createWorld } from "../../shared/flows/create-world.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";
import { joinNode } from "../../shared/flows/join.ts";
import { parseRequest } from "../../shared/flows/request.ts";

const world = createWorld("join-node");

export const handler = durableHandler(world.log, (flow, payload) =>
  joinNode(flow, world, parseRequest(payload)),
);
