// Drift of every kind on simulated machines, and a repair that applies what is safe: afterwards there is nothing left to do.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { atBalancer, byHand, loseEvents, nodeOf, oneOf, served, stopRoll, workersOf } from "./drift.ts";
import { look, told } from "./plans.ts";
import { became, repaired } from "./repairs.ts";
import { ends, pushed, rolled, rollProblems, running } from "./rolls.ts";
import { image, problemsOf, type TestWorld, throttleFirst } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

/** All that a repair started has ended, and a second plan is empty. */
const healed = async (world: TestWorld): Promise<void> => {
  await world.rest();
  await world.after(120);
  const { plan } = await look(world);
  expect(plan).toMatchObject({ holds: [], unknown: [], actions: [] });
  expect(problemsOf(world)).toEqual([]);
  expect(world.logged("action failed")).toEqual([]);
};

describe("what is safe is done, and then nothing is left to do", () => {
  it("nothing, where all is well", async () => {
    const world = await served();
    const writes = world.machines.swarm.writes.length;
    const { plan, applied } = await repaired(world);
    expect([plan.actions, applied]).toEqual([[], []]);
    expect(world.machines.swarm.writes.length).toBe(writes);
    await healed(world);
  });

  it("a launch and a termination whose events were lost", async () => {
    const world = await served();
    loseEvents(world);
    const id = oneOf(world);
    await world.desire(4);
    world.terminate(id);
    await world.after(120);
    const joins = workersOf(world).filter((one) => world.state(one) === "Pending:Wait");
    const { applied } = await repaired(world);
    expect(became(applied)).toEqual([
      `start-retire ${id} started retire-${id}-0`,
      ...joins.map((one) => `start-join ${one} started join-${one}-0`),
    ]);
    await healed(world);
    expect(world.logged("action started")).toHaveLength(applied.length);
  });

  it("a ghost", async () => {
    const world = await served();
    const id = oneOf(world);
    const { id: nodeId } = nodeOf(world, id);
    loseEvents(world);
    world.terminate(id);
    await world.after(900);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([{ kind: "remove-ghost", nodeId, result: "done" }]);
    expect(world.machines.swarm.nodes.has(nodeId)).toBe(false);
    world.autoScaling.hooks();
    const { plan } = await look(world);
    expect(plan.actions).toEqual([]);
  });

  it("a node without its label, which is active and so has logs", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { labels: {} });
    expect(became((await repaired(world)).applied)).toEqual([`label-node ${id} done`]);
    expect(nodeOf(world, id).labels).toEqual({
      "hive.instance-id": id,
      "hive.active-since": expect.stringMatching(/^2026-/),
    });
    await healed(world);
  });

  it("a node that a crash left drained", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain", labels: { "hive.instance-id": id } });
    const { applied } = await repaired(world);
    expect(became(applied)).toEqual([`activate-node ${id} started join-${id}-1`]);
    await healed(world);
  });

  it("an instance in service that is in no swarm", async () => {
    const world = await served();
    const id = oneOf(world);
    world.machines.swarm.remove(nodeOf(world, id).id);
    const { applied } = await repaired(world);
    expect(became(applied)).toEqual([`join-instance ${id} started join-${id}-1`]);
    await healed(world);
  });

  it("instances that were deregistered by hand, in one call", async () => {
    const world = await served({ loadBalancer: "not attached" });
    const ids = workersOf(world).slice(0, 2);
    await atBalancer(world, "Deregister", ...ids);
    await world.after(90);
    const since = world.calls.length;
    const { plan, applied } = await repaired(world, {
      actions: ids.map((subject) => ({ kind: "register-instance", subject })),
    });
    // Two of three are more than a repair may touch.
    expect(plan.holds).toHaveLength(1);
    expect(became(applied)).toEqual(ids.map((id) => `register-instance ${id} not applied`));
    expect(world.calls.slice(since).filter(({ operation }) => operation.startsWith("Register"))).toEqual([]);
  });

  it("an instance that was deregistered by hand", async () => {
    const world = await served({ loadBalancer: "not attached" });
    const id = oneOf(world);
    await atBalancer(world, "Deregister", id);
    await world.after(90);
    expect(became((await repaired(world)).applied)).toEqual([`register-instance ${id} done`]);
    expect(world.registered()).toContain(id);
    await healed(world);
  });

  it("a roll that was interrupted", async () => {
    const world = await served();
    pushed(world, "b");
    await stopRoll(world);
    await world.after(400);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([{ kind: "finish-roll", subject: "hive", result: "started" }]);
    await world.rest();
    expect(running(world)).toEqual({ b: 3 });
    expect(rollProblems(world)).toEqual([]);
    expect((await look(world)).plan.actions).toEqual([]);
  });

  it("a push of which nobody heard", async () => {
    const world = await served();
    pushed(world, "b");
    await rolled(world);
    loseEvents(world);
    pushed(world, "c");
    await world.after(400);
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([{ kind: "roll-newest", subject: "hive", result: "started" }]);
    await world.rest();
    expect(ends(world).at(-1)).toBe("1.4.3 converged");
    expect(rollProblems(world)).toEqual([]);
    expect((await look(world)).plan.actions).toEqual([]);
  });

  it("though AWS throttles everybody at first", async () => {
    const world = await served({ interceptors: [throttleFirst(3)], loadBalancer: "not attached" });
    const id = oneOf(world);
    byHand(world, id, { labels: {} });
    await atBalancer(world, "Deregister", id);
    await world.after(90);
    expect(became((await repaired(world)).applied)).toEqual([
      `label-node ${id} done`,
      `register-instance ${id} done`,
    ]);
    await healed(world);
  });
});

describe("what only a person may decide", () => {
  it("is told, and left as it is by a repair of what is safe", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    const { plan, applied } = await repaired(world);
    expect(told(plan.actions)).toEqual([`activate-node ${id} (person)`]);
    expect(applied).toEqual([]);
    expect(nodeOf(world, id).availability).toBe("drain");
  });

  it("is done when a person lists it, and nothing else is", async () => {
    const world = await served({}, 4);
    const [drained = "", unlabelled = ""] = workersOf(world);
    byHand(world, drained, { availability: "drain" });
    const actions = [{ kind: "activate-node", subject: drained }];
    byHand(world, unlabelled, { labels: {} });
    const { applied } = await repaired(world, { actions });
    expect(applied.map(({ kind }) => kind)).toEqual(["activate-node"]);
    expect(nodeOf(world, unlabelled).labels).toEqual({});
  });

  it("is not done when it is so no more: what was shown may be old", async () => {
    const world = await served();
    const id = oneOf(world);
    const { applied } = await repaired(world, {
      actions: [
        { kind: "activate-node", subject: id },
        { kind: "remove-ghost", subject: "i-0000000000000dead" },
      ],
    });
    expect(became(applied)).toEqual([
      `activate-node ${id} not applied`,
      "remove-ghost i-0000000000000dead not applied",
    ]);
    await healed(world);
  });

  it("is never what a person has to look at, whoever lists it", async () => {
    const world = await served({ loadBalancer: "not attached" });
    const [manager = ""] = world.managers();
    await atBalancer(world, "Register", manager);
    await world.after(30);
    const { applied } = await repaired(world, { actions: [{ kind: "look-at", subject: manager }] });
    expect(applied).toMatchObject([{ kind: "look-at", result: "not applied" }]);
    expect(world.registered()).toContain(manager);
  });
});

it("a repair by itself gives up on an instance that a dozen flows did not put right, and a person may go on", async () => {
  const world = await served();
  const id = oneOf(world);
  byHand(world, id, { availability: "drain", labels: { "hive.instance-id": id } });
  world.machines.host(id).images.delete(image("a"));
  world.machines.refusedPulls.set(image("a"), "no space left on device");
  for (let count = 1; count < 12; count++) {
    expect(became((await repaired(world)).applied)).toEqual([
      `activate-node ${id} started join-${id}-${count}`,
    ]);
    await world.rest();
  }
  const { applied } = await repaired(world);
  expect(applied).toMatchObject([
    {
      kind: "activate-node",
      result: "failed",
      details: expect.stringContaining("12 flows of it have ended"),
    },
  ]);
  expect(world.logged("action failed")).toMatchObject([{ level: "error" }]);
  world.machines.refusedPulls.clear();
  const listed = await repaired(world, { actions: [{ kind: "activate-node", subject: id }] });
  expect(became(listed.applied)).toEqual([`activate-node ${id} started join-${id}-12`]);
  await world.rest();
  expect(nodeOf(world, id).availability).toBe("active");
});

it("a repair that is to apply nothing is a plan", async () => {
  const world = await served();
  const id = oneOf(world);
  byHand(world, id, { labels: {} });
  const { plan, applied } = await repaired(world, false);
  expect([told(plan.actions), applied]).toEqual([[`label-node ${id}`], []]);
  expect(nodeOf(world, id).labels).toEqual({});
});
