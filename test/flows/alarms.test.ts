// Each alarm of the packaged template goes off by the fault that it is for, and none does in a clean run: real flows on simulated machines, the
// log lines that they wrote, and CloudWatch's rules for metrics and alarms (sandbox/models/cloud-watch/).
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import type { Datum } from "../../sandbox/models/cloud-watch/types.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { METRICS } from "../../shared/metrics.ts";
import { changesSince, cloudWatchOf, firedSince, monitoring, shortName } from "./alarms.ts";
import { type Asked, askedBy } from "./dashboards.ts";
import { askForRepair } from "./repairs.ts";
import { outcomes, pushed, type RollWorldOptions, rolled, rollingWorld } from "./rolls.ts";
import { createTestWorld, image, PAUSE, problemsOf, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const HOUR = 3600;
const NOON = "2026-01-01T12:00:00.000Z";

/** Everything as it should be, with the schedule's repairs since a while. */
const watched = async (options: RollWorldOptions = {}): Promise<{ world: TestWorld; since: number }> => {
  const world = await rollingWorld({ repairEverySeconds: 300, ...options });
  await world.after(1_500);
  return { world, since: world.clock.now() };
};

const refusing =
  (principal: string, operation: string, when: () => boolean): Interceptor =>
  async (call, next) => {
    if (when() && call.caller.principal === `function:${principal}` && call.operation === operation)
      throw new AwsError("AccessDeniedException", `not authorized to perform ${operation}`, 403);
    return await next(call);
  };

/** Faults that begin when a test says so. */
const onDemand = (principal: string, operation: string) => {
  const fault = { is: false };
  return { fault, interceptors: [refusing(principal, operation, () => fault.is)] };
};

const proved = new Set<string>();
/** One datum of each series. */
const told: Datum[] = [];
/** @param others that go off too, as they should */
const expectFired = (
  world: TestWorld,
  since: number,
  alarm: string,
  others: readonly string[] = [],
): void => {
  expect(firedSince(world, since).sort()).toEqual([alarm, ...others].sort());
  proved.add(alarm);
  told.push(...cloudWatchOf(world).metrics());
};

/** When an alarm ended, in minutes after it went off; undefined: it goes on. */
const lasted = (world: TestWorld, since: number, alarm: string): number | undefined => {
  const changes = changesSince(world, since).filter((change) => change.alarm === alarm);
  const [began, ended] = [changes[0], changes.at(-1)];
  return began && ended?.state === "OK" ? (ended.at - began.at) / 60_000 : undefined;
};

describe("a clean run", () => {
  it("of joins, retirements, a roll and an hour of nothing at all wakes nobody", async () => {
    const { world, since } = await watched();
    await world.desire(5);
    await world.rest();
    await world.desire(2);
    await world.rest();
    pushed(world, "b");
    await rolled(world);
    await world.after(HOUR);
    expect(outcomes(world).map(({ outcome }) => outcome)).toEqual(["converged"]);
    expect(changesSince(world, since)).toEqual([]);
    told.push(...cloudWatchOf(world).metrics());
  });

  it("tells each step once, though every invocation dies as soon as a result is stored, and is repeated", async () => {
    const deaths = new Set<string>();
    const dying: CheckpointHooks = {
      after: ({ arn }, updates) => {
        for (const { Id, Name, Action } of updates) {
          if (Action !== "SUCCEED" || Name === undefined || deaths.has(`${arn} ${Id}`)) continue;
          deaths.add(`${arn} ${Id}`);
          throw new AwsError("InvalidParameterValueException", "Invalid Checkpoint Token");
        }
      },
    };
    const world = await createTestWorld({ hooks: { "join-node": dying, "retire-node": dying } });
    await world.desire(2);
    await world.rest();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(deaths.size).toBeGreaterThan(40);
    const steps = world.lines.filter(({ line }) => line.includes('"StepSeconds"'));
    const ended = steps.map(({ line }) => {
      const { flow, step, Flow, Step, seconds, StepSeconds } = JSON.parse(line);
      expect(StepSeconds).toBe(seconds);
      expect(String(flow)).toMatch(new RegExp(`^${Flow}-`));
      expect(Step).toBe(step);
      return `${flow} ${step}`;
    });
    const operations = world
      .executions()
      .flatMap(({ name, operations: all }) =>
        [...all.values()].filter(({ Type }) => Type === "STEP").map(({ Name }) => `${name} ${Name}`),
      );
    expect(ended.sort()).toEqual(operations.sort());
  });
});

describe("an alarm goes off by its fault:", () => {
  it("errors, by an ERROR record of any function", async () => {
    const { world, since } = await watched();
    world.putParameter(PAUSE, JSON.stringify({ why: "moving the registry", by: "ann@desk", at: NOON }));
    pushed(world, "b");
    await rolled(world);
    await world.after(HOUR);
    expect(outcomes(world).map(({ outcome }) => outcome)).toEqual(["refused"]);
    expectFired(world, since, "errors");
  });

  it("dead-letters, by an event that nobody can handle", async () => {
    const { world, since } = await watched();
    world.deliver({
      source: "hive-swarm",
      "detail-type": "Repair Requested",
      detail: { apply: "everything" },
    });
    await world.after(HOUR);
    // The entry of dispatch, which is not in this world, tells an error as well.
    expectFired(world, since, "dead-letters");
  });

  it("roll-rolled-back, by an image that fails", async () => {
    const { world, since } = await watched();
    world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 100 });
    pushed(world, "b");
    await rolled(world);
    await world.after(HOUR);
    expect(outcomes(world).map(({ outcome }) => outcome)).toEqual(["rolled back"]);
    expectFired(world, since, "roll-rolled-back", ["errors"]);
  });

  it("retirement-failed, where a manager cannot be asked and its hook stays open", async () => {
    const { fault, interceptors } = onDemand("retire-node", "SendCommand");
    const { world, since } = await watched({ interceptors });
    fault.is = true;
    await world.desire(2);
    await world.after(900);
    fault.is = false;
    await world.after(HOUR);
    expectFired(world, since, "retirement-failed", ["errors", "dead-letters"]);
  });

  it("machine-retained, at once and for as long as a machine is kept for its logs", async () => {
    const { world, since } = await watched();
    for (const { id } of world.members()) world.machines.host(id).logs.block();
    await world.after(60);
    await world.desire(2);
    await world.after(2 * HOUR);
    const [kept] = world.members().filter(({ state }) => state === "Terminating:Retained");
    expect(lasted(world, since, "machine-retained")).toBeUndefined();
    world.terminate(kept?.id ?? "");
    await world.after(HOUR);
    expectFired(world, since, "machine-retained", ["errors"]);
    expect(lasted(world, since, "machine-retained")).toBeGreaterThan(60);
  });

  it("wait-too-long, by a hook that cannot be completed, until it is", async () => {
    const { fault, interceptors } = onDemand("join-node", "CompleteLifecycleAction");
    const { world, since } = await watched({ interceptors });
    fault.is = true;
    await world.desire(4);
    await world.after(HOUR);
    expect(lasted(world, since, "wait-too-long")).toBeUndefined();
    fault.is = false;
    await world.after(HOUR);
    expectFired(world, since, "wait-too-long", ["errors"]);
    expect(lasted(world, since, "wait-too-long")).toBeDefined();
  });

  it("no-manager, by managers that do not answer, until they do", async () => {
    const { world, since } = await watched();
    for (const id of world.managers()) world.machines.host(id).freeze();
    await world.after(HOUR);
    expect(lasted(world, since, "no-manager")).toBeUndefined();
    for (const id of world.managers()) world.machines.host(id).thaw();
    await world.after(HOUR);
    expectFired(world, since, "no-manager", ["errors"]);
    expect(lasted(world, since, "no-manager")).toBeDefined();
  });

  it("repair-blind, by a schedule that does not come any more", async () => {
    const { world, since } = await watched({ repairEverySeconds: 1e9 });
    askForRepair(world);
    await world.after(300);
    askForRepair(world);
    await world.after(HOUR);
    const from = world.clock.now() - HOUR * 1000;
    expect(since).toBeLessThan(from);
    expectFired(world, from, "repair-blind");
    // Some periods may be missing: a repair that comes late wakes nobody.
    const [change] = changesSince(world, from);
    expect(((change?.at ?? 0) - from) / 60_000).toBeGreaterThan(15);
    expect(((change?.at ?? 0) - from) / 60_000).toBeLessThan(25);
  });

  it("repair-blind, by a repair that may not read what it has to", async () => {
    const { fault, interceptors } = onDemand("repair", "ListDurableExecutionsByFunction");
    const { world, since } = await watched({ interceptors });
    fault.is = true;
    await world.after(HOUR);
    expectFired(world, since, "repair-blind", ["errors"]);
  });

  it("disk-filling, by a host whose disk is almost full once it holds the image", async () => {
    const { world, since } = await watched();
    const [{ id } = { id: "" }] = world.members();
    world.machines.host(id).diskPercent = 91;
    pushed(world, "b");
    await rolled(world);
    await world.after(HOUR);
    expectFired(world, since, "disk-filling");
  });

  it("and there is no alarm that was not made to go off here", () => {
    expect(monitoring.alarms.map(({ name }) => shortName(name)).sort()).toEqual([...proved].sort());
  });
});

/** After all of the above. */
describe("no metric is asked for that nobody tells", () => {
  const isTold = ({ namespace, name, dimensions, filter }: Asked): boolean =>
    told.some(
      (datum) =>
        datum.namespace === namespace &&
        datum.name === name &&
        Object.keys(datum.dimensions).sort().join() === [...dimensions].sort().join() &&
        Object.entries(filter).every(([key, value]) => datum.dimensions[key] === value),
    );

  it("by an alarm", () => {
    const untold = monitoring.alarms.filter(
      ({ namespace, metricName: name, dimensions }) =>
        !isTold({ namespace, name, dimensions: Object.keys(dimensions), filter: dimensions }),
    );
    expect(untold).toEqual([]);
  });

  it("by a widget of the dashboard", () => {
    const asked = monitoring.dashboards.flatMap(({ body }) => askedBy(body));
    expect(asked.length).toBeGreaterThan(12);
    expect(asked.filter((one) => !isTold(one))).toEqual([]);
    expect(isTold({ namespace: "hive-swarm", name: "FlowSecond", dimensions: ["Cluster"], filter: {} })).toBe(
      false,
    );
  });

  it("and none is told that nobody reads", () => {
    const read = [
      ...monitoring.alarms.map(({ metricName }) => metricName),
      ...monitoring.dashboards.flatMap(({ body }) => askedBy(body)).map(({ name }) => name),
    ];
    expect(Object.keys(METRICS).filter((name) => !read.includes(name))).toEqual([]);
  });

  it("and the dashboard shows every alarm", () => {
    const shown = JSON.stringify(monitoring.dashboards);
    expect(monitoring.alarms.filter(({ name }) => !shown.includes(`:alarm:${name}"`))).toEqual([]);
  });
});
