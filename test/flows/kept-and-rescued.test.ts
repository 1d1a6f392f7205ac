// Log lines that were not shipped: what is said of their rescue is true, and a machine that is worth keeping stays so until it
// is kept.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { retireOutcome, serving } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const BUCKET = "hive-rescued-logs";
const RESCUE = { UNSHIPPED: "rescue", RESCUE_BUCKET: BUCKET };

const lossRecords = (world: TestWorld) => world.logged("retire: logs were not shipped");

/** Does something at the moment in which a document is sent. */
const onceSent = (document: string, act: () => void): Interceptor => {
  let done = false;
  return async (call, next) => {
    const { DocumentName } = call.input as { DocumentName?: string };
    if (!done && call.operation === "SendCommand" && DocumentName?.endsWith(`-${document}`)) {
      done = true;
      act();
    }
    return await next(call);
  };
};

const blockedAndGone = async (world: TestWorld, id: string): Promise<void> => {
  world.machines.host(id).logs.block();
  await world.after(60);
  await world.desire(0);
  await world.rest();
};

describe("logs are called rescued", () => {
  it("when every range is known and in the bucket", async () => {
    const world = await createTestWorld({ environment: RESCUE });
    const id = await serving(world);
    const { logs } = world.machines.host(id);
    logs.begin("/var/log/hive/second/app.log");
    await world.after(20);
    logs.block();
    await world.after(60);
    logs.end("/var/log/hive/second/app.log");
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "rescued" });
    expect(world.machines.rescued).toHaveLength(2);
    const rescued = world.machines.rescued.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(world.machines.gone).toMatchObject([{ instanceId: id, unshippedBytes: rescued }]);
    expect(lossRecords(world)).toEqual([]);
  });

  it("partly, and at error level, when a range is gone from the host", async () => {
    const forget = onceSent("rescue-logs", () => world.machines.host(id).logs.files.splice(0, 1));
    const world: TestWorld = await createTestWorld({ environment: RESCUE, interceptors: [forget] });
    const id = await serving(world);
    const { logs } = world.machines.host(id);
    logs.begin("/var/log/hive/second/app.log");
    world.clock.after(60_000, () => logs.end("/var/log/hive/second/app.log"));
    await blockedAndGone(world, id);
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "partly rescued" });
    expect(retireOutcome(world, id).details).toContain("1 ranges are gone from the host");
    expect(world.machines.rescued).toHaveLength(1);
    expect(lossRecords(world).map(({ level }) => level)).toEqual(["error"]);
  });

  it("partly, when a container still writes: there may be more than was seen", async () => {
    const timings = { taskStopMs: 4 * 3600 * 1000 };
    const world = await createTestWorld({ environment: RESCUE, timings });
    const id = await serving(world);
    await blockedAndGone(world, id);
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "partly rescued" });
    expect(world.machines.rescued).toHaveLength(1);
    expect(lossRecords(world).map(({ level }) => level)).toEqual(["error"]);
  });

  it("never, when the bucket refused them", async () => {
    const world = await createTestWorld({ environment: RESCUE });
    const id = await serving(world);
    world.machines.authorize = (_instanceId, { operation }) => {
      if (operation === "PutObject") throw new AwsError("AccessDenied", "Access Denied", 403);
    };
    await blockedAndGone(world, id);
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "given up" });
    expect(retireOutcome(world, id).details).toMatch(/not rescued: .*Access Denied/);
    expect(lossRecords(world).map(({ level }) => level)).toEqual(["error"]);
  });
});

describe("a machine that is to be kept", () => {
  it("is kept by a second execution when the first one could not say ABANDON", async () => {
    const refusing = { now: false };
    const refuse: Interceptor = async (call, next) => {
      if (refusing.now && call.operation === "CompleteLifecycleAction")
        throw new AwsError("AccessDenied", "not authorized to perform autoscaling:CompleteLifecycleAction");
      return await next(call);
    };
    const world = await createTestWorld({ interceptors: [refuse] });
    const id = await serving(world);
    refusing.now = true;
    world.machines.host(id).logs.block();
    await world.desire(0);
    await world.until(() => world.executions().some(({ status }) => status === "FAILED"));
    expect(world.state(id)).toBe("Terminating:Wait");
    expect(world.machines.swarm.nodesOfInstance(id)).toMatchObject([{ availability: "drain" }]);

    refusing.now = false;
    world.deliver(world.events.at(-1));
    await world.rest();
    expect(problemsOf(world, { deadLetters: 1 })).toEqual([]);
    expect(world.state(id)).toBe("Terminating:Retained");
    expect(resultOf(world, id, "retire")).toBe("ABANDON");
    expect(world.execution(`retire-${id}-1`).outcome).toMatchObject({ outcome: "retained" });
  });

  it("and is lost since its hook ran out of time is not called retained", async () => {
    const refusing = { now: false };
    const refuse: Interceptor = async (call, next) => {
      if (refusing.now && /LifecycleAction/.test(call.operation))
        throw new AwsError("AccessDenied", `not authorized to perform autoscaling:${call.operation}`);
      return await next(call);
    };
    const world = await createTestWorld({ interceptors: [refuse] });
    const id = await serving(world);
    world.machines.host(id).logs.block();
    await world.desire(0);
    await world.until(() => world.clock.now() - world.hook(id, "retire").startedAt > 1_300_000);
    refusing.now = true;
    await world.rest();
    expect(problemsOf(world, { unshipped: [id], notCompleted: [id] })).toEqual([]);
    expect(world.hook(id, "retire")).toMatchObject({ by: "timeout", result: "CONTINUE" });
    expect(retireOutcome(world, id).outcome).not.toBe("retained");
    expect(world.log.filter(({ level }) => level === "error")).not.toEqual([]);
  });
});
