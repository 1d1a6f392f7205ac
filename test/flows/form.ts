// Swarms that come to be: what is to be true of managers once all is at rest.
import type { TestWorld } from "./world.ts";
import { MANAGER_TOKEN_PARAMETER, RECORD_PARAMETER, TOKEN_PARAMETER } from "./world.ts";

export const recordOf = (world: TestWorld): { formedBy: string; at: string; tokensAt: string } =>
  JSON.parse(world.parameter(RECORD_PARAMETER) ?? "null");

/** Everything about managers, record and tokens that is not as it should be. */
export const formationProblems = (world: TestWorld, managers: number): string[] => {
  const problems: string[] = [];
  const { swarm } = world.machines;
  const members = world.managerMembers();
  if (members.length !== managers) problems.push(`${members.length} managers, and ${managers} are desired`);
  for (const { id, state } of members) {
    const nodes = swarm.nodesOfInstance(id);
    const [node] = nodes;
    if (state !== "InService") problems.push(`manager ${id} is ${state}`);
    if (nodes.length !== 1 || !node) problems.push(`manager ${id} has ${nodes.length} nodes`);
    else if (node.role !== "manager" || node.availability !== "active")
      problems.push(`node of manager ${id} is a ${node.availability} ${node.role}`);
    else if (node.labels["hive.instance-id"] !== id) problems.push(`node of manager ${id} has no label`);
    if (world.registered().includes(id)) problems.push(`manager ${id} is at the load balancer`);
  }
  const voters = [...swarm.nodes.values()].filter(({ role }) => role === "manager");
  if (voters.length !== managers) problems.push(`${voters.length} managers in the swarm`);
  if (swarm.inits.length !== 1)
    problems.push(`initialised ${swarm.inits.length} times: ${swarm.inits.join(", ")}`);
  if (recordOf(world)?.formedBy !== swarm.inits[0])
    problems.push(`the record says ${JSON.stringify(recordOf(world))}`);
  if (world.parameter(TOKEN_PARAMETER) !== swarm.workerToken) problems.push("the worker token is not stored");
  if (world.parameter(MANAGER_TOKEN_PARAMETER) !== swarm.managerToken)
    problems.push("the manager token is not stored");
  return problems;
};
