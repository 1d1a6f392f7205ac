// The entry of `backup-swarm`: a durable function, started by name through `dispatch`.
import { backupSwarm } from "../../shared/flows/backup.ts";
import { parseBackupRequest } from "../../shared/flows/backup-request.ts";
import { createWorld } from "../../shared/flows/create-world.ts";
import { durableHandler } from "../../shared/flows/durable-flow.ts";

const world = createWorld("backup-swarm");

export const handler = durableHandler(world.log, async (flow, payload) => {
  parseBackupRequest(payload);
  return await backupSwarm(flow, world);
});
