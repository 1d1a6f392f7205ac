// The looks at a cluster that crash: whatever part was read last, the plan is the same.
import { type Scenario, scenarioOf } from "./crashes.ts";
import { look, told } from "./plans.ts";
import { pushed, rolled, rollProblems, serve, serving } from "./rolls.ts";

const repair = scenarioOf("plan");

export const crashingRepairs: readonly Scenario[] = [
  repair(
    "a look after a push of which nobody heard",
    serving(),
    async (world) => {
      await serve(world);
      pushed(world, "b");
      await rolled(world);
      world.registry.announces = false;
      pushed(world, "c");
      await world.after(400);
      const { name, plan } = await look(world);
      expect(plan).toMatchObject({ holds: [], unknown: [] });
      expect(told(plan.actions)).toEqual(["roll-newest hive"]);
      return name;
    },
    (world, name) => {
      expect(world.execution(name).status).toBe("SUCCEEDED");
      expect(rollProblems(world)).toEqual([]);
      expect(world.logged("plan").length).toBeGreaterThanOrEqual(1);
    },
  ),
];
