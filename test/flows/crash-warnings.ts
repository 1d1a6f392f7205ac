// Retirements that crash after a Spot warning, a true one and a forged one.
import { joins } from "./crash-joins.ts";
import { type Scenario, scenarioOf } from "./crashes.ts";
import { retireOutcome } from "./scenes.ts";
import { resultOf, type TestWorld } from "./world.ts";

/** On the bus, as anybody can. */
const warn = (world: TestWorld, id: string): void =>
  world.publish({
    source: "aws.ec2",
    "detail-type": "EC2 Spot Instance Interruption Warning",
    resources: [],
    detail: { "instance-id": id, "instance-action": "terminate" },
  });

const WARNING_SECONDS = 120;

const isInterrupted: Scenario["play"] = async (world) => {
  const id = await joins(world);
  await world.after(60);
  const until = world.clock.now() + WARNING_SECONDS * 1000;
  world.machines.host(id).interruptedAt = new Date(until).toISOString();
  warn(world, id);
  await world.after(WARNING_SECONDS - 1);
  expect(world.machines.host(id).logs.backlog()).toBe(0);
  // It takes a moment until the group notices; none is to come in its place.
  world.machines.kill(id);
  await world.desire(0);
  await world.rest();
  return id;
};

const retire = scenarioOf("retire-node");

export const crashingAfterWarnings: readonly Scenario[] = [
  {
    ...retire("a retirement after a Spot warning", {}, isInterrupted, (world, id) => {
      expect(world.members()).toEqual([]);
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
      expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    }),
    everywhere: true,
  },
  retire(
    "a Spot warning that is forged",
    {},
    async (world) => {
      const id = await joins(world);
      warn(world, id);
      await world.rest();
      return id;
    },
    (world, id) => {
      expect(world.members()).toEqual([{ id, state: "InService" }]);
      expect(retireOutcome(world, id)).toEqual({ outcome: "ignored", state: "InService" });
    },
  ),
];
