// Repairs that cross each other, the flows, and a world that goes on changing between their plan and what they apply; and the schedule
// alone, when every event is lost.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { atBalancer, byHand, loseEvents, loseManager, nodeOf, oneOf, served, workersOf } from "./drift.ts";
import { look } from "./plans.ts";
import { askForRepair, became, repairExecutions, repaired, reportOf } from "./repairs.ts";
import { ends, pushed, rolled, rollProblems, running, serve, serviceOf, serving } from "./rolls.ts";
import { createTestWorld, problemsOf, type TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const NOT_ATTACHED = { loadBalancer: "not attached" } as const;
const ALL = { REPAIR_MOST_PERCENT: "100" };

const namesOf = (world: TestWorld, what: string): string[] =>
  world
    .executions()
    .map(({ name }) => name)
    .filter((name) => name.startsWith(what));

/** All has come to its end, nothing is left to do, and nothing is as it should not be. */
const well = async (world: TestWorld): Promise<void> => {
  await world.rest();
  await world.after(120);
  const { plan } = await look(world);
  expect(plan).toMatchObject({ holds: [], unknown: [], actions: [] });
  expect(problemsOf(world)).toEqual([]);
  expect(world.executions().filter(({ status }) => status === "FAILED")).toEqual([]);
};

/** Just before the first call of this kind that a repair makes, something happens to the world. */
const before = (operation: string, happens: () => void | Promise<void>): Interceptor => {
  let over = false;
  return async (call, next) => {
    const { DocumentName = "" } = call.input as { DocumentName?: string };
    if (
      !over &&
      call.caller.principal === "function:repair" &&
      `${DocumentName} ${call.operation}`.includes(operation)
    ) {
      over = true;
      await happens();
    }
    return await next(call);
  };
};

/** A world to which that happens. @param options `happens` is given the world that there is by then */
const changing = async (
  operation: string,
  happens: (world: TestWorld) => void | Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<TestWorld> => {
  let world: TestWorld | undefined;
  const interceptor = before(operation, async () => {
    if (world) await happens(world);
  });
  world = await createTestWorld({
    ...serving(),
    ...NOT_ATTACHED,
    environment,
    interceptors: [interceptor],
  });
  await serve(world);
  return world;
};

describe("two repairs at once", () => {
  it("start each flow once, and mend what they both found once", async () => {
    const world = await served({ ...NOT_ATTACHED, environment: ALL }, 4);
    loseEvents(world);
    const [unlabelled = "", deregistered = "", terminated = ""] = workersOf(world);
    byHand(world, unlabelled, { labels: {} });
    await atBalancer(world, "Deregister", deregistered);
    await world.desire(5);
    world.terminate(terminated);
    await world.after(90);
    askForRepair(world);
    await world.after(1);
    askForRepair(world);
    await world.after(1);
    askForRepair(world);
    await well(world);
    expect(repairExecutions(world)).toHaveLength(3);
    expect(namesOf(world, "retire-")).toEqual([`retire-${terminated}-0`]);
    expect(namesOf(world, "join-")).toHaveLength(5);
    const writes = world.machines.swarm.writes.filter(({ instanceId }) => instanceId === unlabelled);
    // Its join, the hand that took its label away, and the label.
    expect(writes).toHaveLength(3);
    expect(world.logged("action failed")).toEqual([]);
  });

  it("of one second are one, or, when they want different things, two", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    askForRepair(world);
    askForRepair(world);
    askForRepair(world, { actions: [{ kind: "activate-node", subject: id }] });
    await world.after(1);
    await world.rest();
    const [safe, listed, ...others] = repairExecutions(world).map((one) => became(reportOf(one).applied));
    expect([safe, others]).toEqual([[], []]);
    expect(listed).toHaveLength(1);
    expect(world.letters).toEqual([]);
  });
});

describe("a repair in the midst of", () => {
  it("a join leaves the instance to it", async () => {
    const world = await served();
    await world.desire(4);
    await world.until(() => namesOf(world, "join-").length === 4);
    for (let minute = 0; minute < 5; minute++) {
      expect((await repaired(world)).applied).toEqual([]);
      await world.after(5);
    }
    await well(world);
    expect(namesOf(world, "join-")).toHaveLength(4);
  });

  it("a retirement leaves the instance to it", async () => {
    const world = await served(NOT_ATTACHED);
    world.terminate(oneOf(world));
    await world.until(() => namesOf(world, "retire-").length === 1);
    for (let time = 0; time < 5; time++) {
      expect((await repaired(world)).applied).toEqual([]);
      await world.after(5);
    }
    await well(world);
    expect(namesOf(world, "retire-")).toHaveLength(1);
  });

  it("a roll leaves the service to it", async () => {
    const world = await served();
    pushed(world, "b");
    await world.until(() => serviceOf(world).spec.labels["hive.roll.id"] !== undefined);
    for (let time = 0; time < 3; time++) expect((await repaired(world)).applied).toEqual([]);
    await rolled(world);
    await well(world);
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(rollProblems(world)).toEqual([]);
  });
});

describe("between the plan and what is applied", () => {
  it("a node's retirement begins: it gets no label", async () => {
    const world = await changing("mend-nodes", (there) => {
      const id = oneOf(there);
      byHand(there, id, { availability: "drain", labels: { "hive.retiring": "yes" } });
    });
    const id = oneOf(world);
    byHand(world, id, { labels: {} });
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([
      {
        kind: "label-node",
        result: "not applied",
        details: expect.stringContaining("its retirement has begun"),
      },
    ]);
    expect(nodeOf(world, id)).toMatchObject({ availability: "drain", labels: { "hive.retiring": "yes" } });
  });

  it("a dead manager's agent answers again: it keeps its vote", async () => {
    const world = await changing("DescribeAutoScalingInstances", (there) => {
      there.machines.host(lost.id).alive = true;
    });
    const lost = await loseManager(world);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([
      { kind: "remove-manager", result: "not applied", details: "its SSM agent answers again" },
    ]);
    expect(world.machines.swarm.nodes.get(lost.nodeId)?.role).toBe("manager");
    expect(world.commands("demote-node")).toEqual([]);
  });

  it("a ghost's machine comes back: its node stays", async () => {
    const world = await changing("mend-nodes", (there) => {
      for (const node of there.machines.swarm.nodes.values()) node.state = "ready";
    });
    loseEvents(world);
    const id = oneOf(world);
    const { id: nodeId } = nodeOf(world, id);
    world.terminate(id);
    await world.after(900);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([{ kind: "remove-ghost", nodeId, result: "not applied" }]);
    expect(world.machines.swarm.nodes.has(nodeId)).toBe(true);
  });

  it.each(["DescribeAutoScalingInstances", "RegisterInstancesWithLoadBalancer"])(
    "an instance begins to go (before %s): it does not stay behind the load balancer",
    async (operation) => {
      const world = await changing(operation, (there) => {
        // A retirement that took it out just before would not do so again.
        loseEvents(there);
        there.terminate(oneOf(there));
      });
      const id = oneOf(world);
      await atBalancer(world, "Deregister", id);
      await world.after(90);
      const { applied } = await repaired(world);
      expect(became(applied)).toEqual([`register-instance ${id} not applied`]);
      expect(applied[0]?.details).toMatch(/the instance is Terminating/);
      expect(world.registered()).not.toContain(id);
      await world.after(60);
      expect(became((await repaired(world)).applied)).toEqual([`start-retire ${id} started retire-${id}-0`]);
      await well(world);
    },
  );

  it("an event comes after all: its flow is joined, and not started twice", async () => {
    const world = await changing("Invoke", (there) => {
      for (const event of there.events.slice(-1)) there.deliver(event);
    });
    loseEvents(world);
    await world.desire(4);
    await world.after(60);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([{ kind: "start-join", result: "started" }]);
    await well(world);
    expect(namesOf(world, "join-")).toHaveLength(4);
  });

  it("the push comes after all: the service is rolled once", async () => {
    const world = await changing("Invoke", (there) => {
      for (const event of there.events.slice(-2)) there.deliver(event);
    });
    pushed(world, "b");
    await rolled(world);
    loseEvents(world);
    pushed(world, "c");
    await world.after(400);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([{ kind: "roll-newest", result: "started" }]);
    await world.rest();
    expect(running(world)).toEqual({ c: 3 });
    expect(rollProblems(world)).toEqual([]);
    expect(ends(world).filter((end) => end === "1.4.3 converged").length).toBeGreaterThanOrEqual(1);
    await well(world);
  });
});

describe("a plan that is held", () => {
  it("applies nothing but the flows of hooks, and wakes somebody", async () => {
    const world = await served();
    loseEvents(world);
    const [one = "", other = ""] = workersOf(world);
    byHand(world, one, { labels: {} });
    byHand(world, other, { labels: {} });
    await world.desire(4);
    await world.after(60);
    const { plan, applied } = await repaired(world);
    expect(plan.holds).toHaveLength(1);
    expect(applied.map(({ kind, result }) => `${kind} ${result}`).sort()).toEqual([
      "label-node not applied",
      "label-node not applied",
      "start-join started",
    ]);
    expect(nodeOf(world, one).labels).toEqual({});
    expect(world.logged("plan held")).toMatchObject([{ level: "error", fields: { holds: plan.holds } }]);
  });

  it("does so while no manager answers, and the hooks do not run out", async () => {
    const world = await served();
    loseEvents(world);
    await world.desire(4);
    for (const manager of world.managers()) world.machines.freeze(manager);
    await world.after(60);
    const joining = workersOf(world).find((id) => world.state(id) === "Pending:Wait") ?? "";
    const { applied } = await repaired(world);
    expect(became(applied)).toEqual([`start-join ${joining} started join-${joining}-0`]);
    await world.after(1200);
    expect(world.hook(joining, "join").endedAt).toBeUndefined();
    expect(world.logged("plan held").map(({ level }) => level)).toEqual(["error"]);
  });
});

describe("every event is lost, and the schedule runs", () => {
  it("instances join and retire, an image is rolled, and no hook runs out", async () => {
    const world = await createTestWorld({ ...serving(), repairEverySeconds: 60 });
    world.registry.announces = false;
    world.bus.deliver = false;
    pushed(world, "a");
    await world.desire(4);
    await world.after(600);
    expect(workersOf(world).map((id) => world.state(id))).toEqual(Array(4).fill("InService"));
    const [id = ""] = workersOf(world);
    world.terminate(id);
    await world.desire(5);
    await world.after(900);
    expect(workersOf(world)).not.toContain(id);
    expect(workersOf(world).map((one) => world.state(one))).toEqual(Array(5).fill("InService"));
    for (const { by, result } of world.autoScaling.hooks())
      expect([by, result]).toEqual(["call", "CONTINUE"]);
    expect(
      world
        .executions()
        .map(({ name }) => name)
        .filter((name) => name.startsWith("join-")).length,
    ).toBe(6);
    expect(problemsOf(world)).toEqual([]);
    expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
  });
});
