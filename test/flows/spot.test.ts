// A Spot warning: two minutes, in which all is done that a retirement does, whatever is still open or blocked.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { retireOutcome, serving } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const WARNING_SECONDS = 120;
const BUCKET = "hive-rescued-logs";

/** EC2's notice to the host and its warning on the bus; the machine ends when the time is over. */
const interrupt = (world: TestWorld, id: string): void => {
  const at = world.clock.now() + WARNING_SECONDS * 1000;
  world.machines.host(id).interruptedAt = new Date(at).toISOString();
  world.publish({
    source: "aws.ec2",
    "detail-type": "EC2 Spot Instance Interruption Warning",
    resources: [],
    detail: { "instance-id": id, "instance-action": "terminate" },
  });
};

const drainedAfter = (world: TestWorld, id: string, since: number): number => {
  const drain = world.machines.swarm.writes.find((write) => write.instanceId === id && write.retiring);
  return ((drain?.at ?? Number.POSITIVE_INFINITY) - since) / 1000;
};

const retirementsOf = (world: TestWorld, id: string): string[] =>
  world
    .executions()
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`retire-${id}`));

describe("after a Spot warning", () => {
  it.each(["attached", "not attached", "none"] as const)(
    "the drain begins within ten seconds although a connection stays open, and all is done in time; the load balancer is %s",
    async (loadBalancer) => {
      const world = await createTestWorld({ loadBalancer, drainingTimeoutSeconds: 300 });
      const id = await serving(world);
      world.proxy.open.set(id, 1);
      const warnedAt = world.clock.now();
      interrupt(world, id);
      await world.after(WARNING_SECONDS - 1);
      expect(drainedAfter(world, id, warnedAt)).toBeLessThan(10);
      expect(world.machines.host(id).logs.backlog()).toBe(0);
      expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
      expect(world.state(id)).toBe("InService");

      world.machines.kill(id);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
      expect(retirementsOf(world, id)).toEqual([`retire-${id}-0`]);
      expect(world.logged("retire: logs were not shipped")).toEqual([]);
    },
  );

  it("nothing is retained that EC2 takes anyway: what the output does not take is rescued before the end", async () => {
    const environment = { UNSHIPPED: "retain", RESCUE_BUCKET: BUCKET };
    const world = await createTestWorld({ loadBalancer: "not attached", environment });
    const id = await serving(world);
    const { logs } = world.machines.host(id);
    logs.block();
    await world.after(60);
    interrupt(world, id);
    await world.after(WARNING_SECONDS - 1);
    expect(world.machines.rescued.map(({ instanceId, bytes }) => ({ instanceId, bytes }))).toEqual([
      { instanceId: id, bytes: logs.backlog() },
    ]);
    expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);

    world.machines.kill(id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "rescued" });
    expect(retireOutcome(world, id).details).toContain("EC2 takes it back in any case");
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });

  it("the lines that are lost without a bucket are told, and nothing is retained", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.machines.host(id).logs.block();
    interrupt(world, id);
    await world.after(WARNING_SECONDS);
    world.machines.kill(id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "given up" });
    expect(world.logged("retire: logs were not shipped").map(({ level }) => level)).toEqual(["error"]);
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });
});
