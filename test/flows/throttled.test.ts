// Describing is throttled long before anything else is: heartbeats go out all the same, and the flow goes on afterwards.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { joinOutcome, launch, retireOutcome, serving, silences } from "./scenes.ts";
import { createTestWorld, problemsOf } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

describe("describing that is throttled for five minutes", () => {
  /** From a moment on, or from the first call of an operation on, every Describe of the flows. */
  const throttling = (first?: { flow: "join" | "retire"; operation: string }) => {
    const state = { from: Number.POSITIVE_INFINITY, now: () => 0 };
    const intercept: Interceptor = async (call, next) => {
      const flow = /^function:(join|retire)-node$/.exec(call.caller.principal)?.[1];
      if (flow === first?.flow && call.operation === first?.operation)
        state.from = Math.min(state.from, state.now());
      const passed = (state.now() - state.from) / 1000;
      if (flow && call.operation.startsWith("Describe") && passed >= 0 && passed < 300)
        throw new AwsError("Throttling", "Rate exceeded");
      return await next(call);
    };
    return { state, intercept };
  };

  it("does not keep a join from sending its heartbeats in time", async () => {
    const { state, intercept } = throttling();
    const world = await createTestWorld({ joinHeartbeatSeconds: 60, interceptors: [intercept] });
    state.now = () => world.clock.now();
    world.machines.next = { ...world.machines.next, readyAfterMs: 120_000 };
    const id = await launch(world);
    await world.after(30);
    state.from = world.clock.now();
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.state(id)).toBe("InService");
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
    expect(Math.max(...silences(world, id, "join"))).toBeLessThan(60);
    expect((world.clock.now() - state.from) / 1000).toBeGreaterThan(300);
  });

  it.each([60, 300])("nor a retirement, with a heartbeat timeout of %i s", async (retireHeartbeatSeconds) => {
    const { state, intercept } = throttling();
    const world = await createTestWorld({ retireHeartbeatSeconds, interceptors: [intercept] });
    state.now = () => world.clock.now();
    const id = await serving(world);
    world.machines.host(id).logs.block();
    world.clock.after(400_000, () => world.machines.host(id).logs.block(false));
    await world.desire(0);
    await world.after(30);
    state.from = world.clock.now();
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThan(retireHeartbeatSeconds);
  });

  it.each(["join", "retire"] as const)("nor a flow (%s) that is about to read its hook", async (flow) => {
    const { state, intercept } = throttling({ flow, operation: "DescribeLifecycleHooks" });
    const seconds = 60;
    const world = await createTestWorld({
      joinHeartbeatSeconds: seconds,
      retireHeartbeatSeconds: seconds,
      interceptors: [intercept],
    });
    state.now = () => world.clock.now();
    const id = await serving(world);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(state.from).toBeLessThan(world.clock.now());
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(Math.max(...silences(world, id, flow))).toBeLessThan(seconds);
  });

  it.each(["join", "retire"] as const)("nor a flow (%s) that begins just then", async (flow) => {
    const { state, intercept } = throttling();
    const world = await createTestWorld({ interceptors: [intercept] });
    state.now = () => world.clock.now();
    if (flow === "join") state.from = world.clock.now();
    const id = await serving(world);
    if (flow === "retire") state.from = world.clock.now();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined" });
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });
});
