// Managers that go: no manager any more before anything else, never at the price of the quorum, and held as long as it takes.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { quorumOf } from "../../shared/swarm/quorum.ts";
import { managersOf, retireManager, serving, silences } from "./scenes.ts";
import {
  createTestWorld,
  MANAGERS,
  problemsOf,
  resultOf,
  type TestWorld,
  type WorldOptions,
} from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const withManagers = async (managers: number, options: WorldOptions = {}): Promise<TestWorld> => {
  const world = await createTestWorld({ managers, managerHooks: ["retire"], ...options });
  await world.after(30);
  return world;
};

const voters = (world: TestWorld): string[] =>
  [...world.machines.swarm.nodes.values()].filter(({ vote }) => vote).map(({ instanceId }) => instanceId);

const quorum = ({ machines: { swarm } }: TestWorld) =>
  quorumOf(
    [...swarm.nodes.values()].map((node) => ({
      nodeId: node.id,
      role: node.vote ? "manager" : "worker",
      reachability: swarm.answers(node) ? "reachable" : "unreachable",
    })),
  );

/** Until all is at rest, and at each moment of it the swarm has a quorum. */
const restWithQuorum = async (world: TestWorld): Promise<void> => {
  let lost = 0;
  const watched = world.clock.after.bind(world.clock);
  const look = (): void => {
    if (!quorum(world).holds) lost++;
    watched(500, look);
  };
  look();
  await world.rest();
  expect(lost).toBe(0);
};

const retired = (world: TestWorld, id: string): void => {
  expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  expect(world.execution(`retire-${id}-0`).outcome).toMatchObject({ outcome: "retired" });
  expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
};

const held = (world: TestWorld) => world.logged("manager is held back");

describe("a manager that is scaled in", () => {
  it.each([5, 3, 2])(
    "of %i is demoted, drained and removed, and the workers' service notices nothing",
    async (managers) => {
      const world = await withManagers(managers);
      const worker = await serving(world);
      const id = retireManager(world);
      await restWithQuorum(world);
      retired(world, id);
      expect(voters(world)).toHaveLength(managers - 1);
      expect(world.state(worker)).toBe("InService");
      expect(problemsOf(world)).toEqual([]);
      expect(world.machines.swarm.writes.filter(({ instanceId }) => instanceId === id)[0]).toMatchObject({
        availability: "drain",
        retiring: true,
      });
      expect(held(world)).toEqual([]);
    },
  );

  it("is not asked about its own demotion, in service or not, and leaves no load balancer", async () => {
    const world = await withManagers(3, { loadBalancer: "not attached" });
    const id = retireManager(world);
    await world.rest();
    const asked = ["demote-node", "drain-node", "remove-node"].flatMap((document) =>
      world.commands(document),
    );
    expect(asked.map(({ document }) => document)).toEqual(["demote-node", "drain-node", "remove-node"]);
    expect(asked.map(({ instanceId }) => instanceId)).not.toContain(id);
    expect(
      world.calls.filter(({ operation }) => operation === "DeregisterInstancesFromLoadBalancer"),
    ).toEqual([]);
    expect(world.execution(`retire-${id}-0`).outcome).toMatchObject({ outcome: "retired", logs: "none" });
  });

  it("may be the leader, which gives its lead away for half a minute first", async () => {
    const world = await withManagers(3, { timings: { leaderRoleMs: 30_000 } });
    const id = world.machines.swarm.leader()?.instanceId ?? "";
    retireManager(world, id);
    await restWithQuorum(world);
    retired(world, id);
    expect(world.commands("demote-node")).toHaveLength(1);
    expect(world.machines.swarm.leader()?.instanceId).not.toBe(id);
    expect(held(world)).toEqual([]);
  });

  it("whose lead takes longer than one command waits is asked after again", async () => {
    const world = await withManagers(3, { timings: { leaderRoleMs: 65_000 } });
    const id = world.machines.swarm.leader()?.instanceId ?? "";
    retireManager(world, id);
    await world.rest();
    retired(world, id);
    expect(world.commands("demote-node").length).toBeGreaterThan(1);
    expect(world.machines.swarm.writes.filter(({ instanceId }) => instanceId === id).length).toBe(2);
  });
});

describe("a dead manager", () => {
  it.each([true, false])(
    "(the leader: %s) is demoted through the others, and is replaced",
    async (leader) => {
      const world = await withManagers(3);
      const { swarm } = world.machines;
      const id = managersOf(world).find((one) => (swarm.leader()?.instanceId === one) === leader) ?? "";
      world.machines.kill(id);
      await world.after(60);
      await world.rest();
      retired(world, id);
      expect(voters(world)).toHaveLength(3);
      expect(voters(world)).not.toContain(id);
      expect(quorum(world)).toMatchObject({ managers: 3, reachable: 3 });
    },
  );

  it("that nobody had labelled is found by its address", async () => {
    const world = await withManagers(3);
    await serving(world);
    const { swarm } = world.machines;
    const [id = ""] = managersOf(world);
    const [node] = swarm.nodesOfInstance(id);
    swarm.updateNode(node?.id ?? "", node?.version ?? 0, { availability: "active", labels: {} });
    world.machines.kill(id);
    await world.after(60);
    await world.rest();
    retired(world, id);
    expect(voters(world)).toHaveLength(3);
  });

  it("is one that was powered off when its vote was just gone", async () => {
    const world = await withManagers(3);
    const id = retireManager(world);
    await world.until(() => !voters(world).includes(id));
    world.machines.kill(id);
    await restWithQuorum(world);
    retired(world, id);
  });

  it("is one that was powered off while it was held", async () => {
    const world = await withManagers(3);
    const [other = "", id = ""] = managersOf(world);
    world.machines.freeze(other);
    retireManager(world, id);
    await world.until(() => held(world).length > 0);
    world.machines.kill(id);
    await world.after(30);
    // One of three: nothing can be written, and nobody is given up.
    expect(world.hook(id, "retire").endedAt).toBeUndefined();
    world.machines.thaw(other);
    await world.rest();
    retired(world, id);
    expect(quorum(world)).toMatchObject({ managers: 2, reachable: 2 });
  });
});

describe("a manager without which the quorum would be lost", () => {
  it("is held, with heartbeats and as a manager, and goes when another one is back", async () => {
    const world = await withManagers(3, { retireHeartbeatSeconds: 120 });
    const [other = "", id = ""] = managersOf(world);
    world.machines.freeze(other);
    retireManager(world, id);
    await world.after(3 * 3600);
    expect(world.hook(id, "retire").endedAt).toBeUndefined();
    expect(voters(world)).toContain(id);
    expect(world.machines.swarm.nodesOfInstance(id)[0]).toMatchObject({
      availability: "drain",
      role: "manager",
    });
    expect(world.machines.swarm.writes.filter(({ instanceId }) => instanceId === id)).toEqual([]);
    expect(held(world)).toHaveLength(1);
    expect(held(world)[0]).toMatchObject({
      level: "error",
      fields: {
        instanceId: id,
        step: "demote node",
        cause:
          "the quorum would be lost: 2 of 3 managers are reachable; of the 2 that would remain it is 1, and 2 are needed",
        until: expect.stringMatching(/^\d{4}-/),
        advice: expect.stringContaining("replaced"),
      },
    });

    world.machines.thaw(other);
    await restWithQuorum(world);
    retired(world, id);
    expect(held(world)).toHaveLength(1);
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThanOrEqual(120);
  });

  it("goes when the dead one was replaced, which takes its vote", async () => {
    const world = await withManagers(3);
    const [dead = "", id = ""] = managersOf(world);
    world.machines.freeze(dead);
    retireManager(world, id);
    await world.until(() => held(world).length > 0);
    world.machines.kill(dead);
    await world.rest();
    retired(world, id);
    retired(world, dead);
    expect(quorum(world)).toMatchObject({ holds: true });
  });

  it("and that is the last one, is held until its hook has no time left, and is never given up before", async () => {
    const world = await withManagers(1, { retireHeartbeatSeconds: 60 });
    const id = retireManager(world);
    await world.after(1);
    // A hundred heartbeats; the flow stops a minute before.
    const end = world.hook(id, "retire").startedAt + 6_000_000;
    await world.until(() => world.hook(id, "retire").endedAt !== undefined);
    expect(world.clock.now()).toBeGreaterThanOrEqual(end - 60_000);
    expect(world.hook(id, "retire")).toMatchObject({ completions: 0 });
    expect(world.hook(id, "retire").by).not.toBe("call");
    expect(held(world)).toHaveLength(1);
    expect(held(world)[0]?.fields.cause).toContain("no other instance of hive-managers is in service");
    expect(world.logged("no manager answers: holding")).toEqual([]);
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThanOrEqual(60);
    expect(world.execution(`retire-${id}-0`).status).toBe("FAILED");
    expect(world.machines.swarm.nodesOfInstance(id)).toHaveLength(1);
  });

  it("and that is the last one, goes as soon as there is another", async () => {
    const world = await withManagers(1);
    const id = retireManager(world);
    await world.until(() => held(world).length > 0);
    world.desireManagers(1);
    await world.rest();
    retired(world, id);
    expect(voters(world)).toHaveLength(1);
    expect(voters(world)).not.toContain(id);
  });

  it("is removed from the managers after all when somebody completed its hook by hand", async () => {
    const world = await withManagers(3);
    const [other = "", id = ""] = managersOf(world);
    world.machines.freeze(other);
    retireManager(world, id);
    await world.until(() => held(world).length > 0);
    await world.operator("autoscaling", "CompleteLifecycleAction", {
      AutoScalingGroupName: MANAGERS,
      InstanceId: id,
      LifecycleHookName: "retire",
      LifecycleActionResult: "CONTINUE",
    });
    await world.after(120);
    world.machines.thaw(other);
    await world.rest();
    expect(world.execution(`retire-${id}-0`).outcome).toMatchObject({ outcome: "overtaken" });
    expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
    expect(quorum(world)).toMatchObject({ managers: 2, reachable: 2 });
  });
});

describe("several managers that go at once", () => {
  it.each([
    [5, 3],
    [5, 1],
    [3, 1],
    [9, 2],
  ])("from %i to %i never cost the quorum", async (from, to) => {
    const world = await withManagers(from);
    const worker = await serving(world);
    world.desireManagers(to);
    await restWithQuorum(world);
    expect(voters(world)).toHaveLength(to);
    expect(world.executions().filter(({ status }) => status !== "SUCCEEDED")).toEqual([]);
    expect(world.state(worker)).toBe("InService");
    expect(problemsOf(world)).toEqual([]);
  });

  it("with a dead one among those that stay: as many go as the quorum allows, the last is held", async () => {
    const world = await withManagers(5);
    const [dead = "", ...alive] = managersOf(world);
    world.machines.freeze(dead);
    for (const id of alive.slice(0, 3)) retireManager(world, id);
    await world.after(1_800);
    // Of dead and alive there are three left: two of them answer.
    expect(quorum(world)).toEqual({ managers: 3, reachable: 2, needed: 2, holds: true });
    const waiting = alive.slice(0, 3).filter((id) => world.hook(id, "retire").endedAt === undefined);
    expect(waiting).toHaveLength(1);
    expect(held(world).map(({ fields }) => fields.instanceId)).toEqual(waiting);
    world.machines.thaw(dead);
    await restWithQuorum(world);
    expect(quorum(world)).toMatchObject({ managers: 2, reachable: 2 });
  });

  it("down to none leave one, which is held", async () => {
    const world = await withManagers(3);
    world.desireManagers(0);
    await world.after(1_800);
    expect(voters(world)).toHaveLength(1);
    expect(quorum(world).holds).toBe(true);
    const open = world.autoScaling.hooks().filter(({ endedAt }) => endedAt === undefined);
    expect(open.map(({ instanceId }) => instanceId)).toEqual(voters(world));
    expect(held(world)).toHaveLength(1);
  });
});

describe("who is a manager", () => {
  it("is the group's word: a worker's machine whose node is a manager is refused, and stays", async () => {
    const world = await withManagers(3);
    const id = await serving(world);
    const [node] = world.machines.swarm.nodesOfInstance(id);
    const { availability, labels, version } = node ?? { availability: "active", labels: {}, version: 0 };
    world.machines.swarm.updateNode(node?.id ?? "", version, { availability, labels, role: "manager" });
    await world.after(5);
    await world.desire(0);
    await world.until(() => world.executions().some(({ status }) => status === "FAILED"));
    expect(world.logged("retire failed: the hook stays open")[0]?.fields).toMatchObject({
      step: "drain node",
      cause: expect.stringContaining("is a manager: demote it first"),
    });
    expect(voters(world)).toContain(id);
  });

  it("an instance of the managers' group whose node was never promoted goes like a worker", async () => {
    const world = await withManagers(3);
    const [id = ""] = managersOf(world);
    const [node] = world.machines.swarm.nodesOfInstance(id);
    world.machines.swarm.updateNode(node?.id ?? "", node?.version ?? 0, {
      availability: "active",
      labels: { "hive.instance-id": id },
      role: "worker",
    });
    await world.after(10);
    retireManager(world, id);
    await restWithQuorum(world);
    retired(world, id);
  });
});
