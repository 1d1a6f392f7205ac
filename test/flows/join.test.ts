// join-node on the models of AWS: what becomes of a launched instance.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { joinOutcome, launch, silences } from "./scenes.ts";
import {
  createTestWorld,
  ELB,
  hive,
  image,
  NEEDS_PARAMETER,
  problemsOf,
  resultOf,
  type TestWorld,
  TOKEN_PARAMETER,
  throttleFirst,
  WORKERS,
} from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const HOUR = 3600;

describe("a launched instance", () => {
  it.each(["attached", "not attached", "none"] as const)(
    "joins and serves; the load balancer is %s",
    async (loadBalancer) => {
      const world = await createTestWorld({ loadBalancer });
      const id = await launch(world);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(resultOf(world, id, "join")).toBe("CONTINUE");
      expect(joinOutcome(world, id)).toMatchObject({
        outcome: "joined",
        tasks: 1,
        loadBalancer: loadBalancer === "none" ? "none" : "in service",
      });
    },
  );

  it("is registered by the group, never by the flow, where the group owns the load balancer", async () => {
    const world = await createTestWorld({ loadBalancer: "attached" });
    await launch(world);
    await world.rest();
    expect(world.calls.map(({ operation }) => operation)).not.toContain("RegisterInstancesWithLoadBalancer");
  });

  it("is in service at a load balancer of ours before its hook is completed", async () => {
    const world = await createTestWorld({ loadBalancer: "not attached" });
    const id = await launch(world);
    await world.until(() => world.hook(id, "join").endedAt !== undefined);
    const health = world.elb.operations.DescribeInstanceHealth({
      LoadBalancerName: ELB,
      Instances: [{ InstanceId: id }],
    });
    expect((await health).InstanceStates?.[0]).toMatchObject({ State: "InService", Description: "N/A" });
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
  });

  it("joins when there is nothing to run", async () => {
    const world = await createTestWorld({ services: [], loadBalancer: "none" });
    const id = await launch(world);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 0 });
    expect(world.commands("await-tasks")).toEqual([]);
  });

  it("leaves a hint, with which the next one needs one manager command and two on the host", async () => {
    const world = await createTestWorld();
    await launch(world);
    await world.rest();
    expect(JSON.parse(world.parameter(NEEDS_PARAMETER) ?? "")).toEqual({
      images: [image("a")],
      directories: ["/var/log/hive"],
    });
    const before = world.commands().length;
    await world.desire(2);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    const documents = world
      .commands()
      .slice(before)
      .map(({ document }) => document);
    expect(documents).toEqual(["join-host", "activate-node", "await-tasks"]);
  });

  it("is not activated while it lacks an image that a service got since the pull", async () => {
    const world = await createTestWorld();
    const id = await launch(world);
    await world.rest();
    await world.desire(2);
    await world.until(() => world.commands("join-host").length === 3);
    // A roll has brought the image to the hosts that it knew.
    world.machines.host(id).images.add(image("b"));
    world.machines.host(id).directories.add("/var/log/other");
    world.machines.swarm.deploy(
      hive({ id: "other", image: image("b"), directories: ["/var/log/other"], replicas: 9 }),
    );
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members().map(({ state }) => state)).toEqual(["InService", "InService"]);
    expect(world.commands("activate-node")).toHaveLength(4);
  });

  it("whose agent never comes online is kept alive, abandoned at the deadline, and replaced", async () => {
    const world = await createTestWorld();
    world.machines.next = { ...world.machines.next, onlineAfterMs: undefined };
    const id = await launch(world);
    world.machines.next = { ...world.machines.next, onlineAfterMs: 5_000 };
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    const { result, startedAt, endedAt = 0 } = world.hook(id, "join");
    expect(result).toBe("ABANDON");
    expect((endedAt - startedAt) / 1000).toBeGreaterThanOrEqual(900);
    expect((endedAt - startedAt) / 1000).toBeLessThan(1_100);
    // Half of the timeout of 300 s is never passed in silence.
    expect(Math.max(...silences(world, id, "join"))).toBeLessThan(150);
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "abandoned", step: "agent online" });
    expect(world.logged("join abandoned").map(({ level }) => level)).toEqual(["error"]);
    expect(world.state(id)).toBeUndefined();
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });

  it("whose agent is too old is abandoned at once: its scripts would find their parameters unset", async () => {
    const world = await createTestWorld();
    world.machines.next = { ...world.machines.next, agentVersion: "3.2.2303.0" };
    const id = await launch(world);
    world.machines.next = { ...world.machines.next, agentVersion: "3.3.3000.0" };
    await world.rest();
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "abandoned", step: "agent online" });
    expect(world.commands("join-host").filter(({ instanceId }) => instanceId === id)).toEqual([]);
    expect(resultOf(world, id, "join")).toBe("ABANDON");
    expect(problemsOf(world)).toEqual([]);
  });

  it("with a token that the managers refuse is abandoned with that cause, and nothing of it is left", async () => {
    const world = await createTestWorld();
    world.putParameter(TOKEN_PARAMETER, "SWMTKN-1-of-another-swarm", "SecureString");
    const id = await launch(world);
    await world.until(() => world.hook(id, "join").endedAt !== undefined);
    world.putParameter(TOKEN_PARAMETER, world.machines.swarm.workerToken, "SecureString");
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(resultOf(world, id, "join")).toBe("ABANDON");
    expect(joinOutcome(world, id).cause).toContain("join token");
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });

  it("whose image the registry does not have is abandoned with that cause", async () => {
    const world = await createTestWorld();
    world.machines.missingImages.add(image("a"));
    const id = await launch(world);
    await world.until(() => world.hook(id, "join").endedAt !== undefined);
    world.machines.missingImages.clear();
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "abandoned", step: "join host", untidied: [] });
    expect(joinOutcome(world, id).cause).toContain("manifest unknown");
  });

  it("is joined by another manager when the first one stops answering half way", async () => {
    const world = await createTestWorld();
    const id = await launch(world);
    const underWay = () => world.commands("activate-node").find(({ status }) => status === "InProgress");
    await world.until(() => underWay() !== undefined);
    const frozen = underWay()?.instanceId ?? "";
    world.machines.freeze(frozen);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(joinOutcome(world, id).outcome).toBe("joined");
    expect(world.logged("manager does not answer").length).toBeGreaterThan(0);
    world.machines.thaw(frozen);
    await world.after(60);
    expect(problemsOf(world)).toEqual([]);
  });

  describe.each([
    ["no manager answers", 3],
    ["the swarm has no leader", 2],
  ])("holds, and is never abandoned, while %s for an hour:", (_why, frozen) => {
    it.each([
      ["before it joins", () => true],
      ["after it joined", (world: TestWorld) => world.commands("activate-node").length > 0],
    ])("%s", async (_when, now) => {
      const world = await createTestWorld();
      const id = await launch(world);
      await world.until(() => now(world));
      const managers = world.managers().slice(0, frozen);
      for (const manager of managers) world.machines.freeze(manager);
      await world.after(HOUR);
      expect(world.state(id)).toBe("Pending:Wait");
      expect(Math.max(...silences(world, id, "join").slice(0, -1))).toBeLessThan(150);
      for (const manager of managers) world.machines.thaw(manager);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(joinOutcome(world, id).outcome).toBe("joined");
    });
  });

  it("joins together with forty-nine others; each asks the managers once, when the hint is there", async () => {
    const world = await createTestWorld({ services: [hive({ replicas: 100 })] });
    await launch(world);
    await world.rest();
    await world.desire(50);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members().filter(({ state }) => state === "InService")).toHaveLength(50);
    expect(world.commands("activate-node").length).toBe(2 + 49);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members()).toEqual([]);
  });

  it("is only prepared when it is warmed for a pool", async () => {
    const world = await createTestWorld();
    await launch(world);
    await world.rest();
    const id = world.autoScaling.launchIntoWarmPool("hive-workers");
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(joinOutcome(world, id)).toEqual({ outcome: "prepared" });
    expect([...world.machines.host(id).images]).toEqual([image("a")]);
    expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
  });

  it("survives throttling of every API", async () => {
    for (const loadBalancer of ["attached", "not attached"] as const) {
      const world = await createTestWorld({ loadBalancer, interceptors: [throttleFirst(3)] });
      const id = await launch(world);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "in service" });
    }
  });
});

describe("a termination that overtakes the launch", () => {
  const nodes = (world: TestWorld, availability: "drain" | "active") =>
    [...world.machines.swarm.nodes.values()].filter(
      (node) => node.role === "worker" && node.availability === availability,
    );

  it.each<[string, (world: TestWorld) => boolean]>([
    ["as soon as it waits", () => true],
    ["while its agent is asked", (world) => world.log.some(({ message }) => message === "flow started")],
    ["while the host pulls", (world) => world.commands("join-host").length > 0],
    ["while the host joins with its images", (world) => world.commands("join-host").length > 1],
    ["just when the node is in the swarm", (world) => nodes(world, "drain").length > 0],
    [
      "while a manager activates it",
      (world) => world.commands("activate-node").some(({ status }) => status === "InProgress"),
    ],
    ["when it is active", (world) => nodes(world, "active").length > 0],
    ["while its task starts", (world) => world.commands("await-tasks").length > 0],
    ["when its hook is completed", (world) => world.autoScaling.hooks()[0]?.endedAt !== undefined],
  ])("leaves nothing behind: %s", async (_moment, now) => {
    for (const loadBalancer of ["attached", "not attached"] as const) {
      const world = await createTestWorld({ loadBalancer });
      const id = await launch(world);
      await world.until(() => now(world));
      world.terminate(id);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
      expect(world.members()).toEqual([]);
      expect(world.machines.hosts.has(id)).toBe(false);
    }
  });

  it("leaves nothing at the load balancer, at whatever moment of the last steps it comes", async () => {
    let late = 0;
    for (let milliseconds = 8_500; milliseconds <= 10_500; milliseconds += 125) {
      const world = await createTestWorld({ loadBalancer: "not attached" });
      const id = await launch(world);
      await world.after(milliseconds / 1000);
      world.terminate(id);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(world.registered()).toEqual([]);
      const asked = world.calls.map(({ principal, operation }) => `${principal} ${operation}`);
      const out = asked.indexOf("function:retire-node DeregisterInstancesFromLoadBalancer");
      const into = asked.indexOf("function:join-node RegisterInstancesWithLoadBalancer");
      if (out >= 0 && into > out) late++;
    }
    // Or the moment that this is about was missed.
    expect(late).toBeGreaterThan(0);
  });

  it("keeps the place of an instance whose hook a person has completed meanwhile", async () => {
    const world = await createTestWorld({ loadBalancer: "not attached" });
    world.proxy.health = async () => "down";
    const id = await launch(world);
    await world.until(() => world.registered().includes(id));
    world.autoScaling.operations.CompleteLifecycleAction({
      AutoScalingGroupName: WORKERS,
      LifecycleHookName: "join",
      InstanceId: id,
      LifecycleActionResult: "CONTINUE",
    });
    await world.rest();
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "overtaken" });
    expect(world.state(id)).toBe("InService");
    expect(world.registered()).toEqual([id]);
  });

  it.each([
    ["before it reads the node", 0],
    ["between its read and its write", 0.115],
  ])("wins over a manager that stopped and goes on after the drain: %s", async (_when, seconds) => {
    const world = await createTestWorld();
    const id = await launch(world);
    await world.rest();
    await world.desire(2);
    const underWay = () => world.commands("activate-node").find(({ status }) => status === "InProgress");
    await world.until(() => underWay() !== undefined);
    const manager = underWay()?.instanceId ?? "";
    await world.after(seconds);
    world.machines.freeze(manager);
    const second = world.members().find((member) => member.id !== id)?.id ?? "";
    world.terminate(second);
    await world.until(() => world.commands("drain-node").some(({ status }) => status === "Success"));
    expect(world.machines.swarm.nodesOfInstance(second)).toMatchObject([
      { availability: "drain", labels: { "hive.retiring": "yes" } },
    ]);
    world.machines.thaw(manager);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.machines.swarm.writes.filter(({ instanceId }) => instanceId === second)).not.toContainEqual(
      expect.objectContaining({ availability: "active" }),
    );
  });

  it.each<[string, (world: TestWorld) => boolean]>([
    ["while it boots", () => true],
    [
      "while the host pulls",
      (world) => world.commands("join-host").some(({ status }) => status === "InProgress"),
    ],
    ["when it has just joined", (world) => world.commands("activate-node").length > 0],
    [
      "while a manager activates it",
      (world) => world.commands("activate-node").some(({ status }) => status === "InProgress"),
    ],
    ["while its task starts", (world) => world.commands("await-tasks").length > 0],
  ])("after the machine was killed: %s", async (_moment, now) => {
    const world = await createTestWorld();
    const id = await launch(world);
    await world.until(() => now(world));
    world.machines.kill(id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });
});
