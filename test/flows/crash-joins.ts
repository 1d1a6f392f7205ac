// The joins that crash: between them they come by every step of the flow.
import { type Scenario, scenarioOf } from "./crashes.ts";
import { joinOutcome, launch } from "./scenes.ts";
import { resultOf, type TestWorld, WORKERS } from "./world.ts";

export const joins = async (world: TestWorld): Promise<string> => {
  const id = await launch(world);
  await world.rest();
  return id;
};

const joined = (world: TestWorld, id: string): void => {
  expect(world.members()).toEqual([{ id, state: "InService" }]);
  expect(resultOf(world, id, "join")).toBe("CONTINUE");
  expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
};

/** Nothing is to replace what is given up: the replacement would end as the first one did. */
const isGivenUp = async (world: TestWorld): Promise<string> => {
  const id = await launch(world);
  await world.until(() => world.hook(id, "join").endedAt !== undefined);
  await world.desire(0);
  await world.rest();
  return id;
};

const abandonedAt =
  (step: string) =>
  (world: TestWorld, id: string): void => {
    expect(world.members()).toEqual([]);
    expect(resultOf(world, id, "join")).toBe("ABANDON");
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "abandoned", step, untidied: [] });
    expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
    expect(world.registered()).toEqual([]);
  };

const neverHealthy = (world: TestWorld): void => {
  world.proxy.health = async () => "down";
};

const hasJoinedSwarm = (world: TestWorld, id: string): boolean =>
  world.machines.swarm.nodesOfInstance(id).length > 0;

/** From launch to a termination whose flow takes the instance out just before the join puts it in. */
const REGISTERS_LATE_SECONDS = 9.25;

const join = scenarioOf("join-node");

export const crashingJoins: readonly Scenario[] = [
  join("a join behind the group's own load balancer", { loadBalancer: "attached" }, joins, joined),
  join("a join that registers at the load balancer", { loadBalancer: "not attached" }, joins, joined),
  join(
    "a join whose agent is too old",
    { loadBalancer: "none" },
    async (world) => {
      world.machines.next = { ...world.machines.next, agentVersion: "3.2.0.0" };
      return await isGivenUp(world);
    },
    abandonedAt("agent online"),
  ),
  join(
    "a join that no load balancer finds healthy",
    { loadBalancer: "not attached", environment: { JOIN_DEADLINE_SECONDS: "60" } },
    async (world) => {
      neverHealthy(world);
      return await isGivenUp(world);
    },
    abandonedAt("load balancer in"),
  ),
  join(
    "a join whose task never becomes healthy",
    { loadBalancer: "attached", timings: { taskStartMs: 36_000_000 } },
    isGivenUp,
    abandonedAt("task runs"),
  ),
  join(
    "a join that the group's load balancer does not confirm",
    { loadBalancer: "attached" },
    async (world) => {
      neverHealthy(world);
      return await joins(world);
    },
    (world, id) => {
      expect(world.members()).toEqual([{ id, state: "InService" }]);
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "not confirmed" });
      expect(world.logged("not in service after CONTINUE").length).toBeGreaterThan(0);
    },
  ),
  join(
    "a join that managers without a leader let wait",
    { loadBalancer: "none" },
    async (world) => {
      const { swarm } = world.machines;
      swarm.electing = true;
      const id = await launch(world);
      await world.until(() => world.logged("no manager answers: holding").length > 0);
      swarm.electing = false;
      await world.rest();
      return id;
    },
    joined,
  ),
  {
    ...join(
      "the preparation of a machine for a warm pool",
      {},
      async (world) => {
        const id = world.autoScaling.launchIntoWarmPool(WORKERS);
        await world.until(() => world.state(id) === "Warmed:Running");
        await world.rest();
        return id;
      },
      (world, id) => {
        expect(world.members()).toEqual([{ id, state: "Warmed:Running" }]);
        expect(resultOf(world, id, "join")).toBe("CONTINUE");
        expect(joinOutcome(world, id)).toEqual({ outcome: "prepared" });
        expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
      },
    ),
    everywhere: true,
  },
  join(
    "a join that a termination overtakes once the host has joined",
    { loadBalancer: "not attached" },
    async (world) => {
      const id = await launch(world);
      await world.until(() => hasJoinedSwarm(world, id));
      world.terminate(id);
      await world.rest();
      return id;
    },
    (world, id) => {
      expect(world.members()).toEqual([]);
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "overtaken" });
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    },
  ),
  join(
    "a join that registers when its retirement has left the load balancer already",
    { loadBalancer: "not attached" },
    async (world) => {
      const id = await launch(world);
      await world.after(REGISTERS_LATE_SECONDS);
      world.terminate(id);
      await world.rest();
      return id;
    },
    (world, id) => {
      expect(world.members()).toEqual([]);
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "overtaken" });
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
      expect(world.registered()).toEqual([]);
    },
  ),
];
