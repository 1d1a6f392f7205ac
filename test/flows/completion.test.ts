// The completion of a hook while describing is throttled: nothing can be proved meanwhile, and nothing is given up for it.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { joinOutcome, launch, retireOutcome, serving, silences } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

/** Throttles every Describe of a flow, from its first completion on. */
const throttling = (flow: "join-node" | "retire-node", seconds: number, refuseFirst = false) => {
  const clock = { now: () => 0 };
  let since: number | undefined;
  const intercept: Interceptor = async (call, next) => {
    if (call.caller.principal !== `function:${flow}`) return await next(call);
    const first = since === undefined && call.operation === "CompleteLifecycleAction";
    if (first) since = clock.now();
    if (first && refuseFirst)
      throw new AwsError("ValidationError", "No active Lifecycle Action found with instance ID");
    if (since !== undefined && call.operation.startsWith("Describe") && clock.now() - since < seconds * 1000)
      throw new AwsError("Throttling", "Rate exceeded");
    return await next(call);
  };
  return { clock, intercept };
};

it("an instance that has joined is not undone since nobody could see it in service for seven minutes", async () => {
  const { clock, intercept } = throttling("join-node", 420);
  const world = await createTestWorld({ interceptors: [intercept] });
  clock.now = () => world.clock.now();
  const id = await launch(world);
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  expect(world.members()).toEqual([{ id, state: "InService" }]);
  expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
  expect(resultOf(world, id, "join")).toBe("CONTINUE");
});

it("a hook whose completion was not accepted is kept alive until it can be completed", async () => {
  const { clock, intercept } = throttling("retire-node", 200, true);
  const world = await createTestWorld({ retireHeartbeatSeconds: 30, interceptors: [intercept] });
  clock.now = () => world.clock.now();
  const id = await serving(world);
  await world.desire(0);
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  expect(world.hook(id, "retire")).toMatchObject({ by: "call", result: "CONTINUE" });
  expect(Math.max(...silences(world, id, "retire"))).toBeLessThan(20);
});
