// A fleet of five hundred with drift of several kinds: what a look at it takes, and that all of it is found.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { planRepair } from "../../shared/fleet/plan.ts";
import { FLEET, fleet } from "./fleets.ts";
import { look } from "./plans.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

it("is looked at with few calls and small results, and every drift is found", async () => {
  const world = await fleet();
  expect(world.members().filter(({ state }) => state === "InService")).toHaveLength(FLEET);
  const ids = world.members().map(({ id }) => id);
  const [drained, unlabelled, lost] = [ids.slice(0, 40), ids.slice(40, 80), ids.slice(80, 120)];
  const { swarm } = world.machines;
  for (const id of drained)
    for (const node of swarm.nodesOfInstance(id))
      swarm.updateNode(node.id, node.version, { ...node, availability: "drain" });
  for (const id of unlabelled)
    for (const node of swarm.nodesOfInstance(id))
      swarm.updateNode(node.id, node.version, { ...node, labels: {} });
  for (const id of lost) for (const node of swarm.nodesOfInstance(id)) swarm.remove(node.id);
  await world.after(10);

  const since = world.calls.length;
  const { name, plan, snapshot } = await look(world);
  const calls = world.calls.slice(since).filter(({ principal }) => principal === "function:plan");
  const count = (operation: string) => calls.filter((call) => call.operation === operation).length;
  expect(plan.unknown).toEqual([]);
  const kinds = plan.actions.map(({ kind, instanceId }) => `${kind} ${instanceId}`);
  expect(kinds).toEqual(
    expect.arrayContaining([
      ...drained.map((id) => `activate-node ${id}`),
      ...unlabelled.map((id) => `label-node ${id}`),
      ...lost.map((id) => `join-instance ${id}`),
    ]),
  );
  expect(kinds).toHaveLength(120);
  expect(plan.holds).toEqual([]);

  // Groups once for the members, and once to find a manager for each page of the swarm.
  expect(count("DescribeInstanceHealth")).toBe(1);
  expect(count("DescribeInstanceInformation")).toBeLessThanOrEqual(15);
  expect(count("SendCommand")).toBeLessThanOrEqual(3);
  expect(calls.length).toBeLessThan(50);
  // Lambda keeps 256 KiB of a step's result.
  const { operations, result = "" } = world.execution(name);
  const sizes = [...operations.values()].map(({ StepDetails }) => StepDetails?.Result?.length ?? 0);
  expect(Math.max(...sizes)).toBeLessThan(128 * 1024);
  expect(result.length).toBeLessThan(256 * 1024);

  const start = performance.now();
  planRepair(snapshot, world.config);
  expect(performance.now() - start).toBeLessThan(2_000);
});
