// The retirements of managers that crash: whatever is asked twice, the quorum holds and nobody is demoted who should not be.
import { quorumOf } from "../../shared/swarm/quorum.ts";
import { type Scenario, scenarioOf } from "./crashes.ts";
import { managersOf, retireManager } from "./scenes.ts";
import { MANAGERS, resultOf, type TestWorld } from "./world.ts";

const retire = scenarioOf("retire-node");
const options = { managers: 3, managerHooks: ["retire"], loadBalancer: "none" } as const;

const gone = (world: TestWorld, id: string): void => {
  expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
  const { swarm } = world.machines;
  const nodes = [...swarm.nodes.values()].map((node) => ({
    nodeId: node.id,
    role: node.vote ? ("manager" as const) : ("worker" as const),
    reachability: swarm.answers(node) ? "reachable" : "unreachable",
  }));
  expect(quorumOf(nodes)).toMatchObject({ managers: 2, reachable: 2 });
};

const retired = (world: TestWorld, id: string): void => {
  expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  gone(world, id);
};

export const crashingManagers: readonly Scenario[] = [
  {
    ...retire(
      "the retirement of a manager that leads",
      options,
      async (world) => {
        await world.after(30);
        const id = retireManager(world, world.machines.swarm.leader()?.instanceId);
        await world.rest();
        return id;
      },
      retired,
    ),
    everywhere: true,
  },
  retire(
    "the retirement of a dead manager",
    options,
    async (world) => {
      await world.after(30);
      const [id = ""] = managersOf(world);
      world.desireManagers(2);
      const going = world.autoScaling.hooks()[0]?.instanceId ?? id;
      world.machines.kill(going);
      await world.rest();
      return going;
    },
    retired,
  ),
  retire(
    "the retirement of a manager that is held until another one is back",
    options,
    async (world) => {
      await world.after(30);
      const [other = "", id = ""] = managersOf(world);
      world.machines.freeze(other);
      retireManager(world, id);
      await world.after(200);
      world.machines.thaw(other);
      await world.rest();
      return id;
    },
    retired,
  ),
  {
    ...retire(
      "the retirement of a manager whose hook somebody completed",
      options,
      async (world) => {
        await world.after(30);
        const [other = "", id = ""] = managersOf(world);
        world.machines.freeze(other);
        retireManager(world, id);
        await world.after(60);
        await world.operator("autoscaling", "CompleteLifecycleAction", {
          AutoScalingGroupName: MANAGERS,
          InstanceId: id,
          LifecycleHookName: "retire",
          LifecycleActionResult: "CONTINUE",
        });
        await world.after(60);
        world.machines.thaw(other);
        await world.rest();
        return id;
      },
      gone,
    ),
  },
];
