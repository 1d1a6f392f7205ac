// Plays a scenario with a crash in it, and says where it can crash.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { type CrashPoint, crashOnce, recordPoints } from "../../sandbox/lambda/crash-points.ts";
import type { InvokeDurable } from "../../sandbox/lambda/durable-service.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { createTestWorld, type Expected, problemsOf, type TestWorld, type WorldOptions } from "./world.ts";

export interface Scenario {
  flow: "join-node" | "retire-node" | "roll-service" | "plan" | "repair" | "backup-swarm";
  name: string;
  options: WorldOptions;
  /** What AWS answers otherwise; the world is there as soon as anybody asks. */
  interceptor?: (world: () => TestWorld) => Interceptor;
  /** Runs everything, and answers the instance (of a roll: the execution) that it was about. */
  play: (world: TestWorld) => Promise<string>;
  /** What must have come of it, whatever crashed on the way. */
  end: (world: TestWorld, id: string) => void;
  expected?: (id: string) => Expected;
  /** Its steps have the names of others and do something else: it crashes at all of them. */
  everywhere?: true;
}

/** Most scenarios are no more than these. */
export const scenarioOf =
  (flow: Scenario["flow"]) =>
  (name: string, options: WorldOptions, play: Scenario["play"], end: Scenario["end"]): Scenario => ({
    flow,
    name,
    options,
    play,
    end,
  });

type Crashing = Pick<WorldOptions, "around"> & { hooks?: CheckpointHooks; interceptor?: Interceptor };

const play = async (scenario: Scenario, { hooks, interceptor, ...rest }: Crashing): Promise<void> => {
  let world: TestWorld | undefined;
  const there = (): TestWorld => {
    if (!world) throw new Error("AWS was asked before there was a world");
    return world;
  };
  world = await createTestWorld({
    ...scenario.options,
    ...rest,
    interceptors: [interceptor, scenario.interceptor?.(there)].filter((one) => one !== undefined),
    ...(hooks ? { hooks: { [scenario.flow]: hooks } } : {}),
  });
  const id = await scenario.play(world);
  expect(problemsOf(world, scenario.expected?.(id))).toEqual([]);
  scenario.end(world, id);
};

interface Input {
  DocumentName?: string;
  LifecycleActionResult?: string;
  Parameters?: { act?: string[] };
}

/** Notes the calls of a flow, and lets the invocation die when one of them has had its effect and has not been answered. */
const dieAfterCall = (flow: Scenario["flow"], fatal?: number) => {
  const calls: string[] = [];
  const invocation = new AsyncLocalStorage<() => void>();
  const interceptor: Interceptor = async (call, next) => {
    const answer = await next(call);
    if (call.caller.principal !== `function:${flow}`) return answer;
    const { DocumentName = "", LifecycleActionResult = "", Parameters } = call.input as Input;
    const act = Parameters?.act?.[0] ?? "";
    calls.push(`${call.operation} ${DocumentName}${LifecycleActionResult} ${act}`.trim());
    if (calls.length - 1 !== fatal) return answer;
    invocation.getStore()?.();
    return await new Promise(() => {});
  };
  const around =
    (invoke: InvokeDurable): InvokeDurable =>
    (...asked) =>
      new Promise((resolve, reject) => {
        const die = () => reject(new Error("the invocation died"));
        invocation.run(die, () => invoke(...asked)).then(resolve, reject);
      });
  return { calls, interceptor, around };
};

interface Places {
  /** Of the checkpoints, in order: `step name:ACTION`. */
  points: readonly string[];
  /** Of the calls to AWS, in order. */
  calls: readonly string[];
}

/** Where a run without a crash comes by. */
export const placesOf = async (scenario: Scenario): Promise<Places> => {
  const recorder = recordPoints();
  const { calls, ...rest } = dieAfterCall(scenario.flow);
  await play(scenario, { ...rest, hooks: recorder });
  // The looks of one poll are alike; a second operation of the same name is another one.
  const counts = (point: string): boolean => !/#([3-9]|\d\d+)$|:RETRY#/.test(point);
  return { points: recorder.points.filter(counts), calls };
};

const playWithCrashAt = async (scenario: Scenario, point: CrashPoint): Promise<void> => {
  const hooks = crashOnce(point);
  await play(scenario, { hooks });
  expect(hooks.crashed()).toBe(true);
};

const playWithDeathAfter = async (scenario: Scenario, call: number): Promise<void> => {
  const { calls, ...rest } = dieAfterCall(scenario.flow, call);
  await play(scenario, rest);
  expect(calls.length).toBeGreaterThan(call);
};

/**
 * Declares a test for each place at which no earlier scenario has crashed (the long tail adds little): each step before and after its checkpoints, each call
 * whose answer never comes.
 */
export const declareCrashes = async (scenarios: readonly Scenario[]): Promise<void> => {
  const [seenPoints, seenCalls] = [new Set<string>(), new Set<string>()];
  const isNew = (seen: Set<string>, place: string): boolean => !seen.has(place) && seen.add(place) === seen;

  for (const scenario of scenarios) {
    const places = await placesOf(scenario);
    const points = places.points
      .filter((point) => isNew(seenPoints, point) || scenario.everywhere)
      .flatMap((point) => [
        { point, when: "before" as const },
        { point, when: "after" as const },
      ]);
    const calls = places.calls
      .map((operation, index) => ({ operation, index }))
      .filter(({ operation }) => isNew(seenCalls, operation) || scenario.everywhere);

    describe(`${scenario.name} ends the same after a crash`, () => {
      if (points.length > 0)
        it.each(points)("$when $point", async (crash) => await playWithCrashAt(scenario, crash));
      if (calls.length > 0)
        it.each(calls)(
          "after call $index, $operation, whose answer never comes",
          async ({ index }) => await playWithDeathAfter(scenario, index),
        );
    });
  }
};
