// What stands in a flow's way for minutes and is no failure of the instance: a load balancer that does not let go, tasks that
// are taken away, a host that is frozen.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { joinOutcome, launch, retireOutcome, serving } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

describe("a load balancer that does not let the instance go", () => {
  const seconds = ({ startedAt, endedAt = 0 }: { startedAt: number; endedAt?: number }): number =>
    (endedAt - startedAt) / 1000;

  it("since connections stay open for hours: logs are shipped all the same, within the budget", async () => {
    const world = await createTestWorld({ loadBalancer: "not attached", drainingTimeoutSeconds: 3_600 });
    const id = await serving(world);
    world.proxy.open.set(id, 2);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(seconds(world.hook(id, "retire"))).toBeLessThan(world.config.retireDeadlineSeconds);
    expect(world.logged("not out of the load balancer: going on")).toHaveLength(1);
  });

  it("since nobody may take it out: logs are shipped all the same, and that is told", async () => {
    const refuse: Interceptor = async (call, next) => {
      if (call.operation === "DeregisterInstancesFromLoadBalancer")
        throw new AwsError("AccessDenied", "not authorized to perform elasticloadbalancing:Deregister…");
      return await next(call);
    };
    const world = await createTestWorld({ loadBalancer: "not attached", interceptors: [refuse] });
    const id = await serving(world);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world).filter((problem) => !problem.endsWith("still at the ELB"))).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(seconds(world.hook(id, "retire"))).toBeLessThan(120);
    expect(world.logged("not out of the load balancer: going on").map(({ level }) => level)).toEqual([
      "error",
    ]);
  });
});

describe("tasks that are taken away between activation and start", () => {
  it.each(["attached", "not attached", "none"] as const)(
    "are not waited for: the instance has joined; the load balancer is %s",
    async (loadBalancer) => {
      const world = await createTestWorld({ loadBalancer, timings: { taskStartMs: 60_000 } });
      const id = await launch(world);
      await world.until(() => world.commands("await-tasks").length > 0);
      expect(world.machines.swarm.nodesOfInstance(id)).toMatchObject([{ availability: "active" }]);
      world.machines.swarm.scale("hive", 0);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(world.state(id)).toBe("InService");
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 0 });
      expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
      expect(resultOf(world, id, "join")).toBe("CONTINUE");
      expect(world.machines.swarm.nodesOfInstance(id)).toMatchObject([{ availability: "active" }]);
    },
  );

  it.each(["attached", "not attached"] as const)(
    "nor is the health of a worker for which there never was a task; the load balancer is %s",
    async (loadBalancer) => {
      const world = await createTestWorld({ loadBalancer, services: [] });
      const id = await launch(world);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "not confirmed" });
      expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
    },
  );

  it("and handed out again are waited for", async () => {
    const world = await createTestWorld({ timings: { taskStartMs: 60_000 } });
    const id = await launch(world);
    await world.until(() => world.commands("await-tasks").length > 0);
    world.machines.swarm.scale("hive", 0);
    await world.after(80);
    world.machines.swarm.scale("hive", 1);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "in service" });
  });
});

describe("a host that is frozen, and that its group calls healthy", () => {
  it("is kept by policy with its logs, out of the swarm, and that is told", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.machines.freeze(id);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members()).toEqual([{ id, state: "Terminating:Retained" }]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retained" });
    expect(world.logged("retire: logs were not shipped").map(({ level }) => level)).toEqual(["error"]);
  });

  it.each([
    ["while it is asked who it is", "begin-retire", 60],
    ["while it is asked who it is, the second time", "begin-retire", 130],
    ["while its logs are sampled", "log-state", 100],
    ["while it leaves", "leave-swarm", 60],
  ])("and thaws half way is retired as any other: %s (%s, %i s)", async (_when, document, seconds) => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.terminate(id);
    await world.until(() => world.commands(document).length > 0);
    world.machines.freeze(id);
    world.clock.after(seconds * 1000, () => world.machines.thaw(id));
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members()).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  });
});
