// Many at once: the cap on kept machines holds, and joins and retirements get along with few managers.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { createTestWorld, hive, problemsOf, resultOf, type TestWorld, WORKERS } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const crowd = async (world: TestWorld, size: number): Promise<string[]> => {
  world.autoScaling.operations.UpdateAutoScalingGroup({ AutoScalingGroupName: WORKERS, MaxSize: size });
  await world.desire(size);
  await world.rest();
  const ids = world.members().flatMap(({ id, state }) => (state === "InService" ? [id] : []));
  if (ids.length !== size) throw new Error(`${ids.length} of ${size} came into service`);
  await world.after(60);
  return ids;
};

const outcomes = (world: TestWorld, ids: readonly string[]) =>
  ids.map((id) => world.execution(`retire-${id}-0`).outcome);

describe("a hundred retirements at once, with an output that takes nothing", () => {
  it.each([
    ["are let go", {}, "given up"],
    ["are rescued", { RESCUE_BUCKET: "hive-rescued-logs" }, "rescued"],
  ])("keep as many machines as the cap allows; the others %s", async (_fate, environment, logs) => {
    const world = await createTestWorld({
      services: [hive({ replicas: 200 })],
      environment: { RETAIN_CAP: "2", RETIRE_DEADLINE_SECONDS: "420", ...environment },
    });
    const ids = await crowd(world, 100);
    for (const id of ids) world.machines.host(id).logs.block();
    // Who is kept shows only seconds later, as in the real service.
    world.autoScaling.faults.staleReadsMs = 3_000;
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world, { unshipped: ids })).toEqual([]);
    expect(world.members().map(({ state }) => state)).toEqual([
      "Terminating:Retained",
      "Terminating:Retained",
    ]);
    const results = ids.map((id) => resultOf(world, id, "retire"));
    expect(results.filter((result) => result === "ABANDON")).toHaveLength(2);
    expect(results.filter((result) => result === "CONTINUE")).toHaveLength(98);
    expect(outcomes(world, ids).filter(({ outcome }) => outcome === "retained")).toHaveLength(2);
    expect(outcomes(world, ids).filter((outcome) => outcome.logs === logs)).toHaveLength(98);
    // Each is told: what was lost or kept as an error.
    const told = new Set(
      world.log
        .filter(({ message }) => message === "retire: logs were not shipped" || message === "retire retired")
        .map(({ fields }) => fields.instanceId),
    );
    expect([...told].sort()).toEqual([...ids].sort());
    expect(world.logged("retire: logs were not shipped")).toHaveLength(logs === "rescued" ? 2 : 100);
  });
});

describe("thirty joins and thirty retirements at once", () => {
  it("end well on three managers whose agents run five commands at a time", async () => {
    const world = await createTestWorld({
      services: [hive({ replicas: 100 })],
      loadBalancer: "not attached",
      timings: { askMs: 300 },
    });
    expect(world.systemsManager.limits.concurrentCommands).toBe(5);
    const ids = await crowd(world, 30);
    world.autoScaling.operations.UpdateAutoScalingGroup({ AutoScalingGroupName: WORKERS, MaxSize: 60 });
    for (const id of ids) world.terminate(id, false);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(outcomes(world, ids).every((outcome) => outcome.logs === "shipped")).toBe(true);
    const members = world.members();
    expect(members.filter(({ state }) => state === "InService")).toHaveLength(30);
    expect(members.filter(({ id }) => ids.includes(id))).toEqual([]);
  });
});
