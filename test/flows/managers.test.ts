// Managers that go, and swarms that elect a leader, in the middle of what they were asked: the flow asks on, or holds, and
// never gives an instance up for it.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { joinOutcome, retireOutcome, serving } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

/** What Systems Manager says of an instance that is gone. */
const knowsNoGoneAgent =
  (worldOf: () => TestWorld | undefined): Interceptor =>
  async (call, next) => {
    const { InstanceIds = [] } = call.input as { InstanceIds?: readonly string[] };
    const gone = InstanceIds.filter((id) => !worldOf()?.autoScaling.instanceIds().includes(id));
    if (call.operation === "CancelCommand" && gone.length > 0)
      throw new AwsError("InvalidInstanceId", `The instance is not in a valid state: ${gone.join(", ")}`);
    return await next(call);
  };

/** Newest command of the document that an agent has begun. */
const underWay = (world: TestWorld, document: string, since: number) =>
  world
    .commands(document)
    .filter(({ requestedAt, startedAt }) => requestedAt >= since && startedAt !== undefined)
    .at(-1);

/** The step that sends each document, and what brings an instance there. */
const steps = [
  ["activate-node", 2],
  ["drain-node", 0],
  ["remove-node", 0],
] as const;

const endsWell = (world: TestWorld, id: string, joined: number): void => {
  expect(problemsOf(world)).toEqual([]);
  if (joined === 0) {
    expect(world.members()).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    return;
  }
  const next = world.members().find((member) => member.id !== id)?.id ?? "";
  expect(world.state(next)).toBe("InService");
  expect(joinOutcome(world, next)).toMatchObject({ outcome: "joined", tasks: 1 });
  expect(resultOf(world, next, "join")).toBe("CONTINUE");
};

describe("a manager that is terminated half way", () => {
  it.each(steps)("through %s is left for the next one", async (document, desired) => {
    let world: TestWorld | undefined;
    world = await createTestWorld({
      loadBalancer: "not attached",
      timings: { askMs: 2_000 },
      interceptors: [knowsNoGoneAgent(() => world)],
    });
    const id = await serving(world);
    const since = world.clock.now();
    await world.desire(desired);
    await world.until(() => world !== undefined && underWay(world, document, since) !== undefined);
    const { instanceId: asked = "" } = underWay(world, document, since) ?? {};
    expect(world.managers()).toContain(asked);
    world.machines.freeze(asked);
    world.autoScaling.operations.TerminateInstanceInAutoScalingGroup({
      InstanceId: asked,
      ShouldDecrementDesiredCapacity: true,
    });
    await world.rest();
    endsWell(world, id, desired);
    expect(world.logged("manager does not answer").length).toBeGreaterThan(0);
    expect(world.logged("command not cancelled").length).toBeGreaterThan(0);
    const { instanceId: next } = underWay(world, document, since) ?? {};
    expect(world.managers()).toContain(next);
    expect(next).not.toBe(asked);
  });
});

describe("an election", () => {
  const electionSeconds = 200;
  const moments = steps.flatMap(([document, desired]) => [
    { document, desired, when: "before it began", ask: false },
    { document, desired, when: "before its write", ask: true },
  ]);

  it.each(moments)("that begins in $document, $when, is waited for", async ({ document, desired, ask }) => {
    const world = await createTestWorld({ timings: { askMs: 2_000 } });
    const { swarm } = world.machines;
    const id = await serving(world);
    const since = world.clock.now();
    await world.desire(desired);
    await world.until(() => world.commands(document).some(({ requestedAt }) => requestedAt >= since));
    if (ask) {
      await world.until(() => underWay(world, document, since) !== undefined);
      await world.after(1);
    }
    const writes = swarm.writes.length;
    swarm.electing = true;
    await world.after(electionSeconds);
    // Held: nobody is given up, nothing was written.
    expect(swarm.writes).toHaveLength(writes);
    expect(world.autoScaling.hooks().at(-1)?.endedAt).toBeUndefined();
    expect(world.logged("no manager answers: holding").length).toBeGreaterThan(0);

    swarm.electing = false;
    await world.rest();
    endsWell(world, id, desired);
    expect(world.executions().filter(({ status }) => status !== "SUCCEEDED")).toEqual([]);
  });
});

it("a manager that is terminated before its turn comes, and is known to nobody any more, is left for the next one", async () => {
  const world = await createTestWorld({ loadBalancer: "none" });
  const { swarm } = world.machines;
  swarm.electing = true;
  await world.desire(1);
  await world.until(() => world.logged("manager does not answer").length === 1);
  const asked = String(world.logged("manager does not answer")[0]?.fields.cause).split(":")[0];
  for (const id of world.managers().filter((one) => one !== asked)) world.terminate(id, false);
  await world.until(() => world.managers().length === 3 && !world.managers().some((id) => id === ""));
  swarm.electing = false;
  await world.rest(1_800);
  expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
});
