// A repair that deploys a service of the stack and one that sets its replicas, and crash: it is there once, as the file has it.
import { type Scenario, scenarioOf } from "./crashes.ts";
import { repaired } from "./repairs.ts";
import { rollProblems, serve, serviceOf, serving } from "./rolls.ts";
import { pushWeb, putStack, WEB, webImage, webRunsOn } from "./stacks.ts";

const repair = scenarioOf("repair");

export const crashingStacks: readonly Scenario[] = [
  repair(
    "a service of the stack that is missing, and has too few replicas once there are more workers",
    serving({ environment: { REPLICAS: "ahead", REPLICAS_AHEAD: "2" } }),
    async (world) => {
      await serve(world);
      world.registry.announces = false;
      pushWeb(world, "d", ["1.0.0"]);
      await world.after(400);
      putStack(world, { replicas: 5 });
      expect((await repaired(world)).applied).toMatchObject([{ kind: "deploy-service", result: "done" }]);
      await world.desire(4);
      await world.rest();
      const { name, applied } = await repaired(world);
      expect(applied).toMatchObject([{ kind: "set-replicas", result: "done" }]);
      await world.after(60);
      return name;
    },
    (world, name) => {
      expect(world.execution(name).status).toBe("SUCCEEDED");
      const { spec, tasks } = serviceOf(world, WEB);
      expect([spec.replicas, spec.template.image]).toEqual([6, webImage("d", "1.0.0")]);
      expect([...tasks].filter(({ status }) => status.state === "rejected")).toEqual([]);
      expect(webRunsOn(world)).toHaveLength(4);
      expect(
        [...world.machines.swarm.services.values()].map(({ spec: { name: each } }) => each).sort(),
      ).toEqual(["hive", WEB]);
      expect(rollProblems(world)).toEqual([]);
    },
  ),
];
