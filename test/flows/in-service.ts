// Joins of instances that are in service, as a repair starts them.
import type { TestWorld } from "./world.ts";
import { WORKERS } from "./world.ts";

/** It has left the swarm by hand: its host is in none, and its node is gone. */
export const outOfSwarm = async (world: TestWorld, id: string): Promise<void> => {
  const { swarm } = world.machines;
  const host = world.machines.host(id);
  const { nodeId } = host;
  if (nodeId === undefined) throw new Error(`${id} is in no swarm`);
  host.nodeId = undefined;
  swarm.left(nodeId);
  await world.after(30);
  swarm.remove(nodeId);
};

const nameOf = (world: TestWorld, id: string): string => {
  const taken = world.executions().filter(({ name }) => name.startsWith(`join-${id}-`)).length;
  return `join-${id}-${taken}`;
};

/** Starts the flow and waits for its end. @param during what happens meanwhile */
export const bringBack = async (
  world: TestWorld,
  instanceId: string,
  during: () => Promise<void> = async () => {},
  group = WORKERS,
): Promise<void> => {
  const DurableExecutionName = nameOf(world, instanceId);
  await world.operator("lambda", "Invoke", {
    FunctionName: "hive-swarm-dev-join-node:durable",
    InvocationType: "Event",
    DurableExecutionName,
    Payload: Buffer.from(JSON.stringify({ group, instanceId, inService: true })),
  });
  await during();
  await world.until(() =>
    world.executions().some(({ name, status }) => name === DurableExecutionName && status !== "RUNNING"),
  );
  await world.after(120);
};

/** Of the newest. */
export const serviceOutcome = (world: TestWorld, id: string) => {
  const names = world.executions().map(({ name }) => name);
  const name = names.filter((one) => one.startsWith(`join-${id}-`)).at(-1) ?? `join-${id}-0`;
  return world.execution(name).outcome;
};
