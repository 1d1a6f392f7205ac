// Whatever happens in whatever order: no active node without its instance, no hook completed twice, no log line lost that
// could have been kept.
import fc from "fast-check";
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { createTestWorld, problemsOf, type TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

type Happening =
  | { what: "terminate" | "kill" | "block output" | "unblock output" | "filebeat dies"; worker: number }
  | { what: "freeze manager" | "thaw manager"; manager: number }
  | { what: "desire"; capacity: number }
  | { what: "throttle"; calls: number }
  | { what: "old event again"; event: number };

const worker = fc.nat({ max: 2 });
const happening = fc.oneof<fc.Arbitrary<Happening>[]>(
  fc.record({ what: fc.constant("terminate" as const), worker }),
  fc.record({ what: fc.constant("kill" as const), worker }),
  fc.record({ what: fc.constantFrom("block output" as const, "unblock output" as const), worker }),
  fc.record({ what: fc.constant("filebeat dies" as const), worker }),
  fc.record({
    what: fc.constantFrom("freeze manager" as const, "thaw manager" as const),
    manager: fc.nat({ max: 2 }),
  }),
  fc.record({ what: fc.constant("desire" as const), capacity: fc.nat({ max: 3 }) }),
  fc.record({ what: fc.constant("throttle" as const), calls: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ what: fc.constant("old event again" as const), event: fc.nat({ max: 9 }) }),
);

const story = fc.record({
  loadBalancer: fc.constantFrom("attached" as const, "not attached" as const, "none" as const),
  transientNoActiveActionMs: fc.constantFrom(0, 0, 15_000),
  /** Milliseconds between one happening and the next: some within a command, some within a step, some after it. */
  happenings: fc.array(fc.tuple(fc.oneof(fc.nat({ max: 900 }), fc.nat({ max: 30_000 })), happening), {
    minLength: 1,
    maxLength: 10,
  }),
});

/** The next calls of the flows are refused, whichever they are. */
const throttler = () => {
  let left = 0;
  const interceptor: Interceptor = async (call, next) => {
    if (left > 0 && /^function:(join|retire)/.test(call.caller.principal)) {
      left--;
      throw new AwsError("Throttling", "Rate exceeded");
    }
    return await next(call);
  };
  const throttle = (calls: number): void => {
    left += calls;
  };
  return { interceptor, throttle };
};

const happen = async (world: TestWorld, one: Happening, throttle: (calls: number) => void): Promise<void> => {
  const id = "worker" in one ? (world.members().at(one.worker)?.id ?? "") : "";
  const host = world.machines.hosts.get(id);
  const manager = "manager" in one ? (world.managers()[one.manager] ?? "") : "";
  switch (one.what) {
    case "terminate":
      if (world.state(id) !== undefined && world.state(id) !== "Terminating:Retained")
        world.terminate(id, false);
      return;
    case "kill":
      return world.machines.alive(id) ? world.machines.kill(id) : undefined;
    case "block output":
      return host?.logs.block(true);
    case "unblock output":
      return host?.logs.block(false);
    case "filebeat dies":
      return host?.logs.stopFilebeat();
    case "freeze manager":
      return world.machines.freeze(manager);
    case "thaw manager":
      return world.machines.thaw(manager);
    case "desire":
      return await world.desire(one.capacity);
    case "throttle":
      return throttle(one.calls);
    case "old event again": {
      const event = world.events[one.event];
      if (event) world.deliver(event);
    }
  }
};

const play = async ({
  loadBalancer,
  transientNoActiveActionMs,
  happenings,
}: typeof story extends fc.Arbitrary<infer Story> ? Story : never): Promise<TestWorld> => {
  const { interceptor, throttle } = throttler();
  const world = await createTestWorld({
    loadBalancer,
    interceptors: [interceptor],
    faults: { transientNoActiveActionMs },
    environment: { RETAIN_CAP: "100" },
  });
  await world.desire(1);
  for (const [milliseconds, one] of happenings) {
    await world.after(milliseconds / 1000);
    await happen(world, one, throttle);
  }
  for (const manager of world.managers()) world.machines.thaw(manager);
  await world.rest();
  return world;
};

it("leaves the world in order after any interleaving", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      expect(problemsOf(await play(told))).toEqual([]);
    }),
    { numRuns: Number(process.env.INTERLEAVINGS ?? 60) },
  );
}, 120_000);
