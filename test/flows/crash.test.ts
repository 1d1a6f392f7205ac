// A crash at every step of both flows, before and after its checkpoint: the flow goes on where it was, the hook is completed
// exactly once, and nothing is left behind.

import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { type CrashPoint, crashOnce, recordPoints } from "../../sandbox/lambda/crash-points.ts";
import type { InvokeDurable } from "../../sandbox/lambda/durable-service.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { launch, retireOutcome } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf, type TestWorld, type WorldOptions } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

interface Scenario {
  flow: "join-node" | "retire-node";
  options: WorldOptions;
  /** Runs everything, and answers the instance that it was about. */
  play: (world: TestWorld) => Promise<string>;
  /** How many repeats of one poll to crash at; a wait of half an hour looks the same hundreds of times. */
  repeats?: number;
  /** What must have come of it, whatever crashed on the way. */
  end: (world: TestWorld, id: string) => void;
}

const joins = async (world: TestWorld): Promise<string> => {
  const id = await launch(world);
  await world.rest();
  return id;
};

const joinsAndRetires = async (world: TestWorld): Promise<string> => {
  const id = await joins(world);
  await world.desire(0);
  await world.rest();
  return id;
};

const joined = (world: TestWorld, id: string): void => {
  expect(world.members()).toEqual([{ id, state: "InService" }]);
  expect(resultOf(world, id, "join")).toBe("CONTINUE");
  expect(world.execution(`join-${id}-0`).outcome).toMatchObject({ outcome: "joined", tasks: 1 });
};

const retired = (world: TestWorld, id: string): void => {
  expect(world.members()).toEqual([]);
  expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
};

const scenarios: Readonly<Record<string, Scenario>> = {
  "a join behind the group's own load balancer": {
    flow: "join-node",
    options: { loadBalancer: "attached" },
    play: joins,
    end: joined,
  },
  "a join that registers at the load balancer": {
    flow: "join-node",
    options: { loadBalancer: "not attached" },
    play: joins,
    end: joined,
  },
  "a join that fails": {
    flow: "join-node",
    options: { loadBalancer: "none" },
    play: async (world) => {
      world.machines.next = { ...world.machines.next, agentVersion: "3.2.0.0" };
      const id = await launch(world);
      await world.desire(0);
      await world.rest();
      return id;
    },
    end: (world) => expect(world.members()).toEqual([]),
  },
  "a retirement behind the group's own load balancer": {
    flow: "retire-node",
    options: { loadBalancer: "attached" },
    play: joinsAndRetires,
    end: retired,
  },
  "a retirement that leaves the load balancer itself": {
    flow: "retire-node",
    options: { loadBalancer: "not attached" },
    play: joinsAndRetires,
    end: retired,
  },
  "the retirement of a dead host": {
    flow: "retire-node",
    options: {},
    play: async (world) => {
      const id = await joins(world);
      await world.after(60);
      world.autoScaling.operations.SetDesiredCapacity({
        AutoScalingGroupName: "hive-workers",
        DesiredCapacity: 0,
      });
      world.machines.kill(id);
      await world.rest();
      return id;
    },
    end: (world, id) => {
      expect(world.members()).toEqual([]);
      expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "died with the host" });
    },
  },
  "a retirement whose machine is kept": {
    flow: "retire-node",
    repeats: 4,
    options: { environment: { RETIRE_DEADLINE_SECONDS: "300" } },
    play: async (world) => {
      const id = await joins(world);
      world.machines.host(id).logs.block();
      await world.after(60);
      await world.desire(0);
      await world.rest();
      return id;
    },
    end: (world, id) => {
      expect(world.members()).toEqual([{ id, state: "Terminating:Retained" }]);
      expect(resultOf(world, id, "retire")).toBe("ABANDON");
      expect(retireOutcome(world, id).outcome).toBe("retained");
    },
  },
};

const play = async (
  { flow, options, play: run, end }: Scenario,
  more: Pick<WorldOptions, "around" | "interceptors"> & { hooks?: CheckpointHooks },
): Promise<void> => {
  const { hooks, ...rest } = more;
  const world = await createTestWorld({
    ...options,
    ...rest,
    ...(hooks ? { hooks: { [flow]: hooks } } : {}),
  });
  const id = await run(world);
  expect(problemsOf(world)).toEqual([]);
  end(world, id);
};

/** The points of a clean run, found before the tests are declared. */
const pointsOf = async (scenario: Scenario): Promise<CrashPoint[]> => {
  const recorder = recordPoints();
  await play(scenario, { hooks: recorder });
  const repeat = (point: string) => Number(/#(\d+)$/.exec(point)?.[1] ?? 1);
  return recorder.points
    .filter((point) => repeat(point) <= (scenario.repeats ?? Number.POSITIVE_INFINITY))
    .flatMap((point) => [
      { point, when: "before" as const },
      { point, when: "after" as const },
    ]);
};

/** Lets the invocation die when one call has had its effect and has not been answered. */
const dieAfterCall = (flow: Scenario["flow"], fatal: number | undefined) => {
  const calls: string[] = [];
  let die: (() => void) | undefined;
  const interceptor: Interceptor = async (call, next) => {
    const answer = await next(call);
    if (call.caller.principal !== `function:${flow}`) return answer;
    calls.push(call.operation);
    if (calls.length - 1 !== fatal) return answer;
    die?.();
    return await new Promise(() => {});
  };
  const around =
    (invoke: InvokeDurable): InvokeDurable =>
    (name, input, execution) =>
      Promise.race([
        invoke(name, input, execution),
        new Promise<never>((_, reject) => {
          die = () => reject(new Error("the invocation died"));
        }),
      ]);
  return { calls, interceptors: [interceptor], around };
};

const callsOf = async (scenario: Scenario): Promise<{ index: number; operation: string }[]> => {
  const { calls, ...more } = dieAfterCall(scenario.flow, undefined);
  await play(scenario, more);
  const seen = new Map<string, number>();
  return calls.flatMap((operation, index) => {
    const count = (seen.get(operation) ?? 0) + 1;
    seen.set(operation, count);
    // Reads are alike; each of the others has an effect of its own.
    return /^(Describe|Get|List)/.test(operation) && count > 2 ? [] : [{ index, operation }];
  });
};

for (const [name, scenario] of Object.entries(scenarios)) {
  const [points, calls] = [await pointsOf(scenario), await callsOf(scenario)];

  describe(`${name} ends the same after a crash`, () => {
    it.each(points)("$when $point", async (crash) => {
      const hooks = crashOnce(crash);
      await play(scenario, { hooks });
      expect(hooks.crashed()).toBe(true);
    });

    it.each(calls)("after call $index, $operation, whose answer never comes", async ({ index }) => {
      const { calls: made, ...more } = dieAfterCall(scenario.flow, index);
      await play(scenario, more);
      expect(made.length).toBeGreaterThan(index);
    });
  });
}
