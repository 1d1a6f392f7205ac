// Slots of simulated services: which go when there are too many, and what becomes of those on nodes that go.
import { createFixture, NEW, OLD } from "./simulated-fixture.ts";

describe("scaling down", () => {
  it("takes tasks without a node first", async () => {
    const { swarm, running, ofState, seconds, clock } = await createFixture();
    const from = clock.now();
    swarm.scale("hive", 3);
    await seconds(5);
    expect(running()).toBe(3);
    expect(ofState("pending")).toEqual([]);
    expect(swarm.observations.minimumRunning("hive", from)).toBe(3);
  });

  it("takes further copies on a node next, running or not", async () => {
    const fixture = await createFixture({ workers: 1, service: { replicas: 2, tasksPerNode: 2 } });
    const { swarm, service, addWorker, machines, seconds } = fixture;
    machines.images.behave(OLD, { kind: "never ready" });
    const nodeId = await addWorker("i-00000cc1");
    swarm.scale("hive", 3);
    await seconds(5);
    // Two run on the first node, one starts on the second: that one is kept, and one that runs is not.
    expect([...service.tasks].find((task) => task.nodeId === nodeId)?.state).toBe("starting");
    swarm.scale("hive", 2);
    await seconds(5);
    expect([...service.tasks].map(({ state }) => state).sort()).toEqual(["running", "starting"]);
  });

  it("leaves nothing of the slots that went", async () => {
    const { swarm, service, seconds } = await createFixture();
    swarm.scale("hive", 0);
    await seconds(5);
    expect(service.tasks.size).toBe(0);
  });
});

describe("a node that goes", () => {
  it.each([
    ["is drained", 2],
    ["dies", 14],
    ["is removed", 2],
  ])("and %s gives its task back, which waits for room", async (how, after) => {
    const { swarm, machines, nodeIds, setAvailability, ofState, running, seconds } = await createFixture({
      service: { replicas: 3 },
    });
    const [nodeId = ""] = nodeIds;
    if (how === "is drained") setAvailability(nodeId, "drain");
    else if (how === "dies") machines.kill("i-00000bb1");
    else swarm.remove(nodeId);
    await seconds(after);
    expect(running()).toBe(2);
    expect(ofState("pending")).toHaveLength(1);
    expect(swarm.tasksOf(nodeId)).toEqual([]);
  });

  it("makes a roll hang that had no task waiting, until one slot less is wanted", async () => {
    const { swarm, machines, status, running, seconds } = await createFixture({
      service: { replicas: 3 },
      timings: { taskStartMs: 20_000 },
    });
    swarm.setImage("hive", NEW);
    await seconds(5);
    machines.kill("i-00000bb3");
    await seconds(3600);
    expect(status()).toBe("updating");
    swarm.scale("hive", 2);
    await seconds(120);
    // Where nothing is left to replace, there is no update and no status either.
    expect(["completed", "none"]).toContain(status());
    expect(running(NEW)).toBe(2);
  });

  it("is waited for while it is frozen", async () => {
    const { machines, swarm, status, running, seconds } = await createFixture({ service: { replicas: 3 } });
    machines.freeze("i-00000bb2");
    swarm.setImage("hive", NEW);
    await seconds(600);
    expect(status()).toBe("updating");
    machines.thaw("i-00000bb2");
    await seconds(600);
    expect(status()).toBe("completed");
    expect(running(NEW)).toBe(3);
  });
});

describe("a global service", () => {
  it("has a task on every active worker, and rolls", async () => {
    const { swarm, status, running, addWorker, setAvailability, nodeIds, seconds } = await createFixture({
      service: { mode: "global" },
    });
    expect(running()).toBe(3);
    await addWorker("i-00000cc1");
    setAvailability(nodeIds[0] ?? "", "drain");
    await seconds(5);
    expect(running()).toBe(3);
    swarm.setImage("hive", NEW);
    await seconds(60);
    expect(status()).toBe("completed");
    expect(running(NEW)).toBe(3);
  });
});

describe("what is written down", () => {
  it("names everybody who wrote while a roll's marker stood", async () => {
    const { swarm, service } = await createFixture();
    const marked = { ...service.spec.labels, "hive.roll.id": "r1" };
    swarm.label("hive", { note: "before" });
    swarm.change("hive", "r1 begin", (spec) => ({ ...spec, labels: marked }));
    swarm.change("hive", "r1 image", (spec) => spec);
    expect(swarm.observations.strangers()).toEqual([]);
    swarm.scale("hive", 4);
    expect(swarm.observations.strangers()).toMatchObject([
      { service: "hive", by: "person scale", before: { replicas: 5 }, after: { replicas: 4, image: OLD } },
    ]);
  });

  it("is wiped by a stack's deployment, labels and replicas", async () => {
    const { swarm, service } = await createFixture();
    swarm.label("hive", { "hive.previous": NEW });
    swarm.deploy({ id: "hive", image: OLD, directories: [], replicas: 1 });
    expect(service.spec.labels).toEqual({});
    expect(service.spec.replicas).toBe(1);
  });
});
