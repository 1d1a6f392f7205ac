import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { Config } from "../../shared/config/config.ts";
import { failureOf, Overtaken, StepFailure } from "../../shared/flows/failure.ts";
import type { Flow } from "../../shared/flows/flow.ts";
import { type Lease, type Look, pauseSeconds, type WatchOptions, watch } from "../../shared/flows/watch.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { awsError, clientThat } from "./aws-client.ts";

const start = 1_000_000;
const action = { group: "hive-workers", hook: "join", instanceId: "i-0123456789abcdef0" as InstanceId };

interface Scene {
  /** The instance's state, or what describing it answers; asked each time. */
  state?: () => unknown;
  heartbeat?: () => unknown;
  lease?: Partial<Lease>;
}

/** A wait on a clock that jumps over every pause. */
const scene = ({ state = () => "Pending:Wait", heartbeat = () => ({}), lease: more = {} }: Scene = {}) => {
  let now = start;
  const pauses: number[] = [];
  const told: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const tell = (level: string) => (message: string, fields: Record<string, unknown>) =>
    void told.push({ level, message, fields });
  const { client, asked } = clientThat<AutoScalingClient>({
    DescribeAutoScalingInstances: () => {
      const found = state();
      if (typeof found !== "string") return found ?? { AutoScalingInstances: [] };
      return { AutoScalingInstances: [{ InstanceId: action.instanceId, LifecycleState: found }] };
    },
    RecordLifecycleActionHeartbeat: () => heartbeat(),
  });
  const flow: Flow = {
    name: "join-x-0",
    step: (_name, run) => run(),
    poll: async (_name, initial, check) => {
      for (let current = initial; ; ) {
        const checked = await check(current);
        // What is kept between two checks goes through JSON in the real engine.
        current = JSON.parse(JSON.stringify(checked.state));
        if (checked.againInSeconds === undefined) return current;
        pauses.push(checked.againInSeconds);
        now += checked.againInSeconds * 1000;
      }
    },
  };
  const lease: Lease = {
    about: { instanceId: action.instanceId },
    action,
    mayGoOn: (lifecycleState) => lifecycleState === "Pending:Wait",
    heartbeatTimeoutSeconds: 100,
    globalDeadline: start + 10_000_000,
    deadline: start + 60_000,
    lastHeartbeat: start,
    lookedAt: start,
    endedAt: start,
    ...more,
  };
  const world = {
    autoScaling: client,
    loadBalancing: {} as ElasticLoadBalancingClient,
    systemsManager: {} as SSMClient,
    config: {} as Config,
    log: { info: tell("info"), warn: tell("warn"), error: tell("error") },
    pause: async () => {},
    now: () => now,
  };
  const run = <Value>(
    look: (looks: number, now: number) => Look<number, Value>,
    options: Partial<WatchOptions<number, Value>> = {},
  ) =>
    watch<number, Value>({ flow, world, lease }, "wait for it", {
      memory: 0,
      look: async (memory, at) => look(memory + 1, at),
      ...options,
    });
  const times = (operation: string) => asked.filter((each) => each.operation === operation).length;
  return { run, pauses, told, lease, times, waited: () => now - start };
};

const notYet = (memory: number) => ({ memory, because: `look ${memory}` });
const fields = { flow: "join-x-0", instanceId: action.instanceId, step: "wait for it" };

describe("a wait", () => {
  it("looks until it is done, remembering what it saw, and tells how long it took", async () => {
    const { run, told, pauses } = scene();
    expect(await run((looks) => (looks < 4 ? notYet(looks) : { done: `after ${looks}` }))).toBe("after 4");
    expect(pauses).toEqual([1, 1, 1]);
    expect(told).toEqual([
      { level: "info", message: "step done", fields: { ...fields, seconds: 3, looks: 4 } },
    ]);
  });

  it("that fails for good ends with its name and cause", async () => {
    const { run, told } = scene();
    const failure = await run(() => ({ failed: "no such image" })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StepFailure);
    expect(failureOf(failure)).toEqual({ step: "wait for it", cause: "no such image" });
    const more = { seconds: 0, cause: "no such image" };
    expect(told).toEqual([{ level: "warn", message: "step failed", fields: { ...fields, ...more } }]);
  });

  it("that is thrown out of fails with the error's text, and does not look again", async () => {
    const { run, pauses, told } = scene();
    const wait = run(() => {
      throw awsError("AccessDenied", "not you");
    });
    await expect(wait).rejects.toThrow("wait for it: AccessDenied: not you");
    expect(pauses).toEqual([]);
    expect(told[0]?.message).toBe("step failed");
  });

  it("goes on through what passes by itself, and names it when the time is up", async () => {
    const { run, told, waited } = scene();
    const wait = run(() => {
      throw awsError("Throttling", "Rate exceeded");
    });
    await expect(wait).rejects.toThrow(
      "wait for it: not done when the time was up (60 s): AWS answered Throttling: Rate exceeded",
    );
    expect(waited()).toBe(60_000);
    expect(told.at(-1)).toMatchObject({
      level: "warn",
      message: "step out of time",
      fields: { seconds: 60 },
    });
  });

  it("ends at the lease's deadline, or at its own, with a last look at that time", async () => {
    const late = scene();
    await expect(late.run(notYet)).rejects.toThrow(/time was up \(60 s\): look \d+$/);
    const own = scene();
    await expect(own.run(notYet, { deadline: start + 2_500 })).rejects.toThrow(/time was up \(3 s\): look 4/);
    expect(own.waited()).toBe(3_000);
  });

  it("that is asked to hurry looks again after a second, but not past its deadline", async () => {
    const { run, pauses } = scene();
    await expect(run((looks) => ({ ...notYet(looks), soon: true }))).rejects.toThrow(/time was up/);
    expect(new Set(pauses)).toEqual(new Set([1]));
    expect(pauses).toHaveLength(60);
  });

  it("slows down as it gets longer", () => {
    expect([1, 4].map((looks) => pauseSeconds(looks, 1_000_000))).toEqual([1, 1]);
    expect([0, 4_000, 16_000, 80_000, 240_000, 1_000_000].map((waited) => pauseSeconds(5, waited))).toEqual([
      1, 1, 2, 10, 30, 30,
    ]);
    expect([3_600_000, 3_601_000].map((waited) => pauseSeconds(5, waited))).toEqual([30, 120]);
  });

  it("that is no fault of the instance moves the lease's deadline on by as long, up to the global one", async () => {
    const held = scene();
    await held.run((looks) => (looks < 4 ? notYet(looks) : { done: true }), { holds: true });
    expect(held.lease.deadline).toBe(start + 63_000);
    const bounded = scene({ lease: { globalDeadline: start + 61_000 } });
    await bounded.run((looks) => (looks < 4 ? notYet(looks) : { done: true }), { holds: true });
    expect(bounded.lease.deadline).toBe(start + 61_000);
    const ordinary = scene();
    await ordinary.run((looks) => (looks < 4 ? notYet(looks) : { done: true }));
    expect(ordinary.lease.deadline).toBe(start + 60_000);
  });
});

describe("while it waits, a flow", () => {
  it("notices that the instance is no longer its own to act on, and does not look any more", async () => {
    let state: string | undefined = "Pending:Wait";
    const { run, told } = scene({ state: () => state });
    let looks = 0;
    const wait = run((count, now) => {
      looks = count;
      if (now >= start + 5_000) state = "Terminating";
      return notYet(count);
    });
    const error = await wait.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Overtaken);
    expect(error).toMatchObject({
      state: "Terminating",
      message: expect.stringContaining("Terminating now"),
    });
    expect(told.at(-1)).toMatchObject({ level: "info", message: "step overtaken" });
    expect(told.at(-1)?.fields).toMatchObject({ ...fields, state: "Terminating" });
    expect(looks).toBeLessThan(9);
  });

  it("says so when the group knows the instance no more", async () => {
    const { run } = scene({ state: () => undefined, lease: { lookedAt: 0 } });
    await expect(run(() => ({ done: true }))).rejects.toThrow(/gone from its group/);
  });

  it("looks at the instance's state every four seconds and no more often", async () => {
    const { run, times, lease } = scene({ lease: { heartbeatTimeoutSeconds: undefined } });
    await run((looks, now) => (now < start + 12_000 ? { ...notYet(looks), soon: true } : { done: true }));
    expect(times("DescribeAutoScalingInstances")).toBe(3);
    expect(lease.lookedAt).toBe(start + 12_000);
  });

  it("goes on when that look is throttled", async () => {
    let asked = 0;
    const { run } = scene({
      state: () => (++asked === 1 ? awsError("Throttling") : "Pending:Wait"),
      lease: { lookedAt: 0 },
    });
    expect(await run(() => ({ done: true }))).toBe(true);
    expect(asked).toBe(2);
  });

  it("keeps the hook alive after two fifths of its timeout, and remembers when", async () => {
    const { run, times, lease } = scene();
    await run((looks, now) => (now < start + 39_000 ? { ...notYet(looks), soon: true } : { done: true }));
    expect(times("RecordLifecycleActionHeartbeat")).toBe(0);
    await run((looks, now) => (now < start + 41_000 ? { ...notYet(looks), soon: true } : { done: true }));
    expect(times("RecordLifecycleActionHeartbeat")).toBe(1);
    expect(lease.lastHeartbeat).toBe(start + 40_000);
  });

  it("never sleeps past the next heartbeat", async () => {
    const { run, times, pauses } = scene({
      lease: { heartbeatTimeoutSeconds: 30, deadline: start + 600_000 },
    });
    await expect(run(notYet)).rejects.toThrow(/time was up/);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(12);
    expect(times("RecordLifecycleActionHeartbeat")).toBeGreaterThanOrEqual(600 / 13 - 1);
  });

  it("sends a heartbeat that failed again soon, and does not fail with it", async () => {
    let tries = 0;
    const { run, told, waited, lease } = scene({
      heartbeat: () => (++tries < 3 ? awsError("ValidationError", "no") : {}),
      lease: { deadline: start + 600_000 },
    });
    expect(await run((looks) => (tries < 3 ? notYet(looks) : { done: true }))).toBe(true);
    expect(told.filter(({ message }) => message === "heartbeat failed")).toHaveLength(2);
    expect(told[0]).toMatchObject({ level: "warn", fields: { ...fields, cause: "ValidationError: no" } });
    expect(waited()).toBeLessThanOrEqual(40_000 + 2 * 15_000);
    expect(lease.lastHeartbeat).toBe(start + waited());
  });

  it("sends none where there is no hook to keep alive", async () => {
    const { run, times } = scene({ lease: { heartbeatTimeoutSeconds: undefined, lastHeartbeat: 0 } });
    await run((looks, now) => (now < start + 59_000 ? notYet(looks) : { done: true }));
    expect(times("RecordLifecycleActionHeartbeat")).toBe(0);
  });
});

describe("what a flow reports of a failure", () => {
  it.each([
    [new StepFailure("pull", "no: such image"), { step: "pull", cause: "no: such image" }],
    [new TypeError("x is not a function"), { step: "TypeError", cause: "x is not a function" }],
    ["text", { step: "unknown", cause: "text" }],
  ])("%s is step and cause", (error, report) => {
    expect(failureOf(error)).toEqual(report);
  });

  it("has a name of its own for each of the two", () => {
    expect(new StepFailure("pull", "no").name).toBe("StepFailure");
    expect(new StepFailure("pull", "no").message).toBe("pull: no");
    expect(new Overtaken("pull", "Terminating").name).toBe("Overtaken");
    expect(new Overtaken("pull", "Terminating").message).toBe("pull: the instance is Terminating now");
  });
});
