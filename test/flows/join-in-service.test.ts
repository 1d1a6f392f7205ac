// join-node on an instance that is in service: brought (back) into swarm and load balancer, without a hook, and without taking down
// what served before.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { bringBack, outOfSwarm, serviceOutcome } from "./in-service.ts";
import { serving } from "./scenes.ts";
import { createTestWorld, ELB, image, problemsOf, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const nodeOf = (world: TestWorld, id: string) => {
  const nodes = world.machines.swarm.nodesOfInstance(id);
  if (nodes.length !== 1 || !nodes[0]) throw new Error(`${id} has ${nodes.length} nodes`);
  return nodes[0];
};

const drainByHand = (world: TestWorld, id: string): void => {
  const { id: nodeId, version, labels } = nodeOf(world, id);
  world.machines.swarm.updateNode(nodeId, version, { availability: "drain", labels });
};

const takeOut = (world: TestWorld, id: string): void => {
  world.elb.operations.DeregisterInstancesFromLoadBalancer({
    LoadBalancerName: ELB,
    Instances: [{ InstanceId: id }],
  });
};

const hookCalls = (world: TestWorld, since: number): string[] =>
  world.calls
    .slice(since)
    .map(({ operation }) => operation)
    .filter((operation) => /LifecycleAction|Heartbeat/.test(operation));

describe.each(["attached", "not attached", "none"] as const)(
  "behind a load balancer that is %s",
  (loadBalancer) => {
    const joined = {
      outcome: "joined",
      tasks: 1,
      loadBalancer: loadBalancer === "none" ? "none" : "in service",
    };

    it("a worker that left the swarm joins again", async () => {
      const world = await createTestWorld({ loadBalancer });
      const id = await serving(world);
      const { id: before } = nodeOf(world, id);
      await outOfSwarm(world, id);
      if (loadBalancer !== "none") takeOut(world, id);
      const calls = world.calls.length;
      await bringBack(world, id);
      expect(serviceOutcome(world, id)).toMatchObject(joined);
      expect(nodeOf(world, id).id).not.toBe(before);
      expect(problemsOf(world)).toEqual([]);
      expect(hookCalls(world, calls)).toEqual([]);
    });

    it("a worker whose node was drained by hand is set active, once it holds what is new", async () => {
      const world = await createTestWorld({ loadBalancer });
      const id = await serving(world);
      drainByHand(world, id);
      world.machines.swarm.setImage("hive", image("b"));
      await world.after(60);
      await bringBack(world, id);
      expect(serviceOutcome(world, id)).toMatchObject(joined);
      expect(world.machines.host(id).images.has(image("b"))).toBe(true);
      expect(problemsOf(world)).toEqual([]);
    });
  },
);

it("a worker that only the load balancer forgot is registered again; its node is left alone", async () => {
  const world = await createTestWorld({ loadBalancer: "not attached" });
  const id = await serving(world);
  takeOut(world, id);
  await world.after(60);
  const writes = world.machines.swarm.writes.length;
  await bringBack(world, id);
  expect(serviceOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "in service" });
  expect(world.machines.swarm.writes.slice(writes).map(({ availability }) => availability)).not.toContain(
    "drain",
  );
  expect(problemsOf(world)).toEqual([]);
});

it("a host whose node the managers do not know any more leaves, and joins again", async () => {
  const world = await createTestWorld();
  const id = await serving(world);
  const { id: forgotten } = nodeOf(world, id);
  world.machines.swarm.remove(forgotten);
  await world.after(60);
  await bringBack(world, id);
  expect(serviceOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
  expect(nodeOf(world, id).id).not.toBe(forgotten);
  expect(problemsOf(world)).toEqual([]);
});

describe("when it fails", () => {
  it("a node that it made and that never became active is removed, and the instance stays in service", async () => {
    const world = await createTestWorld({ loadBalancer: "not attached" });
    const id = await serving(world);
    await outOfSwarm(world, id);
    world.machines.swarm.setImage("hive", image("b"));
    world.machines.refusedPulls.set(image("b"), "denied");
    await bringBack(world, id);
    expect(serviceOutcome(world, id)).toMatchObject({ outcome: "failed", step: "join host", untidied: [] });
    expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
    expect(world.state(id)).toBe("InService");
    expect(world.registered()).toContain(id);
    expect(world.logged("join failed").map(({ level }) => level)).toEqual(["error"]);
  });

  it("a node that was there before stays, whatever its state", async () => {
    const world = await createTestWorld({ loadBalancer: "not attached" });
    const id = await serving(world);
    drainByHand(world, id);
    world.machines.swarm.setImage("hive", image("b"));
    world.machines.refusedPulls.set(image("b"), "denied");
    const before = nodeOf(world, id).id;
    await bringBack(world, id);
    expect(serviceOutcome(world, id)).toMatchObject({ outcome: "failed", step: "join host" });
    expect(nodeOf(world, id)).toMatchObject({ id: before, availability: "drain", state: "ready" });
    expect(world.registered()).toContain(id);
    expect(world.commands("leave-swarm")).toEqual([]);
    expect(world.commands("remove-node")).toEqual([]);
  });

  it("a load balancer that does not find it healthy takes nothing down", async () => {
    const world = await createTestWorld({
      loadBalancer: "not attached",
      environment: { JOIN_DEADLINE_SECONDS: "120" },
    });
    const id = await serving(world);
    world.proxy.health = async () => "down";
    await bringBack(world, id);
    expect(serviceOutcome(world, id)).toMatchObject({ outcome: "failed", step: "load balancer in" });
    expect(nodeOf(world, id)).toMatchObject({ availability: "active" });
    expect(world.registered()).toContain(id);
    expect(world.commands("leave-swarm")).toEqual([]);
  });

  it("a node that carries the mark of a retirement is somebody's to look at", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    const { id: nodeId, version, labels } = nodeOf(world, id);
    world.machines.swarm.updateNode(nodeId, version, {
      availability: "drain",
      labels: { ...labels, "hive.retiring": "yes" },
    });
    await bringBack(world, id);
    expect(serviceOutcome(world, id)).toMatchObject({
      outcome: "failed",
      step: "activate node",
      cause: expect.stringContaining("hive.retiring"),
    });
    expect(nodeOf(world, id)).toMatchObject({ availability: "drain" });
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 8, 10, 15])(
    "it is overtaken %i s after the host has joined, and the retirement has the last word",
    async (seconds) => {
      const world = await createTestWorld({ loadBalancer: "not attached" });
      const id = await serving(world);
      await outOfSwarm(world, id);
      await bringBack(world, id, async () => {
        await world.until(() => world.machines.swarm.nodesOfInstance(id).length > 0);
        await world.after(seconds);
        world.terminate(id);
      });
      await world.rest();
      expect(["overtaken", "joined"]).toContain(serviceOutcome(world, id).outcome);
      expect(world.members()).toEqual([]);
      expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
      expect(problemsOf(world)).toEqual([]);
    },
  );

  it("managers that do not answer are waited for", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    drainByHand(world, id);
    world.machines.swarm.electing = true;
    await bringBack(world, id, async () => {
      await world.after(1_200);
      world.machines.swarm.electing = false;
    });
    expect(serviceOutcome(world, id)).toMatchObject({ outcome: "joined" });
    expect(problemsOf(world)).toEqual([]);
  });
});

it("nothing is done for an instance that is not in service, or of another group", async () => {
  const world = await createTestWorld();
  const id = await serving(world);
  await bringBack(world, id, undefined, "hive-others");
  expect(serviceOutcome(world, id)).toEqual({ outcome: "ignored", state: "InService" });
  await bringBack(world, "i-0fffffffffffffff0");
  expect(serviceOutcome(world, "i-0fffffffffffffff0")).toEqual({ outcome: "ignored", state: "in no group" });
  expect(world.commands().filter(({ requestedAt }) => requestedAt > world.clock.now() - 100_000)).toEqual([]);
});
