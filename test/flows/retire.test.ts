// retire-node on the models of AWS: what becomes of an instance that is to go, and of its logs.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { launch, retireOutcome, serving, silences } from "./scenes.ts";
import {
  createTestWorld,
  image,
  problemsOf,
  resultOf,
  type TestWorld,
  throttleFirst,
  WORKERS,
} from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const HOUR = 3600;
const BUCKET = "hive-rescued-logs";

const order = (world: TestWorld, id: string): string[] =>
  world.log.flatMap(({ message, fields }) =>
    message === "step done" && fields.flow === `retire-${id}-0` ? [String(fields.step)] : [],
  );

const lossRecords = (world: TestWorld) => world.logged("retire: logs were not shipped");

describe("an instance that is scaled in", () => {
  it.each(["attached", "not attached", "none"] as const)(
    "is drained, shipped, out of the swarm and gone; the load balancer is %s",
    async (loadBalancer) => {
      const world = await createTestWorld({ loadBalancer });
      const id = await serving(world);
      world.proxy.open.set(id, 3);
      world.clock.after(20_000, () => world.proxy.open.set(id, 0));
      await world.desire(0);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(world.members()).toEqual([]);
      expect(resultOf(world, id, "retire")).toBe("CONTINUE");
      expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
      expect(world.machines.gone).toEqual([{ instanceId: id, unshippedBytes: 0, wasAlive: true }]);
      expect(order(world, id)).toEqual([
        "host reachable",
        "host answers",
        ...(loadBalancer === "none" ? [] : ["load balancer out"]),
        "drain node",
        "logs shipped",
        "leave swarm",
        "remove node",
        "complete CONTINUE",
      ]);
    },
  );

  it("is not drained before its last connection has ended", async () => {
    const world = await createTestWorld({ loadBalancer: "not attached" });
    const id = await serving(world);
    world.proxy.open.set(id, 1);
    await world.desire(0);
    await world.after(40);
    expect(world.commands("drain-node")).toEqual([]);
    world.proxy.open.set(id, 0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
  });

  it("leaves the swarm only when its tasks have stopped and their last lines were shipped", async () => {
    const world = await createTestWorld({ timings: { taskStopMs: 150_000, shippingLagMs: 20_000 } });
    const id = await serving(world);
    await world.desire(0);
    await world.until(() => world.commands("leave-swarm").length > 0);
    expect(
      [...world.machines.swarm.tasks.values()].filter(({ instanceId }) => instanceId === id),
    ).toMatchObject([{ state: "stopped" }]);
    expect(world.machines.host(id).logs.backlog()).toBe(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThan(150);
  });

  it("asks managers for two commands, and no more", async () => {
    const world = await createTestWorld();
    await serving(world);
    const before = world.commands().length;
    await world.desire(0);
    await world.rest();
    const managers = world.managers();
    const asked = world
      .commands()
      .slice(before)
      .filter(({ instanceId }) => managers.includes(instanceId));
    expect(asked.map(({ document }) => document)).toEqual(["drain-node", "remove-node"]);
  });

  it("that returns to a warm pool is retired alive, and stays", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.autoScaling.returnToWarmPool(id, "Terminating:Wait");
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.state(id)).toBe("Warmed:Running");
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(world.machines.alive(id)).toBe(true);
  });

  it("survives throttling of every API", async () => {
    for (const loadBalancer of ["attached", "not attached"] as const) {
      const world = await createTestWorld({ loadBalancer, interceptors: [throttleFirst(3)] });
      const id = await serving(world);
      await world.desire(0);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    }
  });

  it.each([
    ["no manager answers", 3],
    ["the swarm has no leader", 2],
  ])("is held, with heartbeats, while %s for an hour", async (_why, frozen) => {
    const world = await createTestWorld();
    const id = await serving(world);
    const managers = world.managers().slice(0, frozen);
    for (const manager of managers) world.machines.freeze(manager);
    await world.desire(0);
    await world.after(HOUR);
    expect(world.state(id)).toBe("Terminating:Wait");
    for (const manager of managers) world.machines.thaw(manager);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThan(150);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });

  it("goes on when its heartbeats fail", async () => {
    const failing: Interceptor = async (call, next) => {
      if (call.operation === "RecordLifecycleActionHeartbeat" && failures++ < 2)
        throw new AwsError("InternalFailure", "An internal error has occurred", 500);
      return await next(call);
    };
    let failures = 0;
    const world = await createTestWorld({ interceptors: [failing], timings: { taskStopMs: 200_000 } });
    const id = await serving(world);
    failures = 0;
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.logged("heartbeat failed").length).toBeGreaterThanOrEqual(2);
    expect(world.hook(id, "retire").heartbeats.length).toBeGreaterThan(0);
  });

  it("is proved gone although its completion finds no active action at first", async () => {
    const world = await createTestWorld({ faults: { transientNoActiveActionMs: 90_000 } });
    const id = await serving(world);
    expect(problemsOf(world)).toEqual([]);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.hook(id, "retire").completions).toBe(1);
    const refused = world.calls.filter(
      ({ operation, error }) => operation === "CompleteLifecycleAction" && error,
    );
    expect(refused.length).toBeGreaterThan(0);
  });

  it("that was never in the swarm goes quickly", async () => {
    const world = await createTestWorld();
    world.machines.missingImages.add(image("a"));
    const id = await launch(world);
    await world.until(() => world.hook(id, "join").endedAt !== undefined);
    world.machines.missingImages.clear();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "none" });
  });
});

describe("a host that is dead", () => {
  it("takes the short way: its node is removed, its hook completed, and the loss said", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.machines.kill(id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "died with the host" });
    expect(lossRecords(world).map(({ level }) => level)).toEqual(["error"]);
    const { startedAt, endedAt = 0 } = world.hook(id, "retire");
    expect((endedAt - startedAt) / 1000).toBeLessThan(60);
    expect(world.members().map(({ state }) => state)).toEqual(["InService"]);
  });

  it.each<[string, (world: TestWorld) => boolean]>([
    ["while it is asked who it is", (world) => world.commands("begin-retire").length > 0],
    ["while it is drained", (world) => world.commands("drain-node").length > 0],
    [
      "while its logs are sampled",
      (world) => world.commands("log-state").some(({ status }) => status === "InProgress"),
    ],
    ["while it leaves", (world) => world.commands("leave-swarm").length > 0],
    ["while its node is removed", (world) => world.commands("remove-node").length > 0],
  ])("half way leaves nothing behind: %s", async (_moment, now) => {
    const world = await createTestWorld();
    const id = await serving(world);
    await world.desire(0);
    await world.until(() => now(world));
    world.machines.kill(id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    expect(world.members()).toEqual([]);
  });
});

describe("logs that are not shipped", () => {
  it("are shipped after all by a filebeat that was dead and is started once", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    const { logs } = world.machines.host(id);
    logs.stopFilebeat();
    await world.after(60);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(logs.restarts).toBe(1);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });

  it.each<[string, (world: TestWorld, id: string) => void]>([
    ["the output is blocked", (world, id) => world.machines.host(id).logs.block()],
    [
      "filebeat dies again and again",
      (world, id) => {
        world.machines.host(id).logs.restartable = false;
        world.machines.host(id).logs.stopFilebeat();
      },
    ],
  ])("keep their machine under the policy retain: %s", async (_why, fail) => {
    const world = await createTestWorld();
    const id = await serving(world);
    fail(world, id);
    await world.after(60);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.state(id)).toBe("Terminating:Retained");
    expect(world.hook(id, "retire")).toMatchObject({ result: "ABANDON", by: "call", completions: 1 });
    expect(retireOutcome(world, id).outcome).toBe("retained");
    expect(world.machines.host(id).logs.backlog()).toBeGreaterThan(0);
    expect(world.commands("leave-swarm")).toEqual([]);
    expect(lossRecords(world).map(({ level }) => level)).toEqual(["error"]);
    // Until the last moment they might still have been shipped.
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThan(150);
  });

  it("are shipped late when the output works again before the deadline", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.machines.host(id).logs.block();
    await world.desire(0);
    await world.after(600);
    world.machines.host(id).logs.block(false);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
  });

  it("keep no more machines than the cap allows; the next one is let go, and that is said", async () => {
    const world = await createTestWorld({ environment: { RETAIN_CAP: "1" } });
    const kept = await serving(world);
    world.machines.host(kept).logs.block();
    await world.desire(0);
    await world.rest();
    await world.desire(1);
    await world.rest();
    const next = world.members().find(({ state }) => state === "InService")?.id ?? "";
    world.machines.host(next).logs.block();
    await world.after(30);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world, { unshipped: [next] })).toEqual([]);
    expect(world.members()).toEqual([{ id: kept, state: "Terminating:Retained" }]);
    expect(retireOutcome(world, next)).toMatchObject({ outcome: "retired", logs: "given up" });
    expect(retireOutcome(world, next).details).toContain("the cap is 1");
    expect(lossRecords(world)).toHaveLength(2);
  });

  it("do not keep a machine that was never active in the swarm", async () => {
    const world = await createTestWorld();
    world.machines.missingImages.add(image("a"));
    const id = await launch(world);
    const { logs } = world.machines.host(id);
    logs.begin("/var/log/hive/of-the-image/app.log");
    logs.block();
    await world.after(120);
    logs.end("/var/log/hive/of-the-image/app.log");
    world.machines.missingImages.clear();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(world.members()).toEqual([]);
    expect(retireOutcome(world, id).details).toContain("never active");
  });

  it("do not keep a machine whose group would terminate it all the same", async () => {
    const world = await createTestWorld({ terminateHookAbandon: "terminate" });
    const id = await serving(world);
    world.machines.host(id).logs.block();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "given up" });
  });

  it("are copied to S3 under the policy rescue: exactly the ranges that nobody acknowledged", async () => {
    const world = await createTestWorld({ environment: { UNSHIPPED: "rescue", RESCUE_BUCKET: BUCKET } });
    const id = await serving(world);
    const { logs } = world.machines.host(id);
    logs.block();
    await world.after(60);
    await world.desire(0);
    await world.until(() => world.commands("leave-swarm").length > 0);
    const [file] = logs.files;
    if (!file) throw new Error("the task wrote no log file");
    const [offset, size] = [logs.offset(file), logs.size(file)];
    expect(size).toBeGreaterThan(offset);
    expect(world.machines.rescued).toEqual([
      {
        instanceId: id,
        bucket: BUCKET,
        key: `hive/${id}/${file.device}-${file.inode}/${offset}-${size}`,
        bytes: size - offset,
      },
    ]);
    await world.rest();
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "rescued" });
  });

  it("go with an error record under the policy continue", async () => {
    const world = await createTestWorld({ environment: { UNSHIPPED: "continue" } });
    const id = await serving(world);
    world.machines.host(id).logs.block();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world, { unshipped: [id] })).toEqual([]);
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    expect(lossRecords(world).map(({ level }) => level)).toEqual(["error"]);
  });

  it("are decided on before the hook's own global timeout, with a heartbeat timeout of 30 s", async () => {
    const world = await createTestWorld({
      retireHeartbeatSeconds: 30,
      environment: { RETIRE_DEADLINE_SECONDS: "7200" },
    });
    const id = await serving(world);
    world.machines.host(id).logs.block();
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.state(id)).toBe("Terminating:Retained");
    const { startedAt, endedAt = 0, by } = world.hook(id, "retire");
    expect(by).toBe("call");
    expect((endedAt - startedAt) / 1000).toBeGreaterThan(2_500);
    expect((endedAt - startedAt) / 1000).toBeLessThan(3_000);
    expect(Math.max(...silences(world, id, "retire"))).toBeLessThanOrEqual(15);
  });
});

describe("events", () => {
  const spotWarning = (id: string) => ({
    source: "aws.ec2",
    "detail-type": "EC2 Spot Instance Interruption Warning",
    resources: [],
    detail: { "instance-id": id, "instance-action": "terminate" },
  });

  const terminateEvent = (id: string) => ({
    source: "aws.autoscaling",
    "detail-type": "EC2 Instance-terminate Lifecycle Action",
    resources: [],
    detail: {
      LifecycleActionToken: "00000000-0000-0000-0000-000000000000",
      AutoScalingGroupName: WORKERS,
      LifecycleHookName: "retire",
      EC2InstanceId: id,
      LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
    },
  });

  it("of a Spot interruption retire the host at once; its hook is completed when it fires", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    world.machines.host(id).interruptedAt = "2026-01-01T12:00:00Z";
    world.publish(spotWarning(id));
    await world.after(118);
    expect(world.machines.swarm.nodesOfInstance(id)).toEqual([]);
    expect(world.machines.host(id).logs.backlog()).toBe(0);
    world.machines.kill(id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(world.executions().filter(({ name }) => name.startsWith(`retire-${id}`))).toHaveLength(1);
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  });

  it.each([
    ["a termination", terminateEvent],
    ["a Spot interruption", spotWarning],
  ])("that are forged change nothing: %s", async (_what, event) => {
    const world = await createTestWorld();
    const id = await serving(world);
    const [before, writes] = [world.calls.length, world.machines.swarm.writes.length];
    world.publish(event(id));
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(retireOutcome(world, id)).toEqual({ outcome: "ignored", state: "InService" });
    expect(world.machines.swarm.writes).toHaveLength(writes);
    expect(world.machines.host(id).tombstone).toBe(false);
    const changing = world.calls
      .slice(before)
      .filter(({ operation }) => !/^(Describe|Get|List)/.test(operation))
      .map(({ service, operation, input }) => ({ service, operation, input }));
    expect(changing).toMatchObject([
      { service: "lambda", operation: "Invoke", input: { DurableExecutionName: `retire-${id}-0` } },
      {
        service: "ssm",
        operation: "SendCommand",
        input: { DocumentName: "hive-swarm-dev-begin-retire", Parameters: { markRetiring: ["no"] } },
      },
    ]);
  });

  it("of an instance that no group shows start a look for a minute, once, and nothing else", async () => {
    const world = await createTestWorld();
    await serving(world);
    const commands = world.commands().length;
    for (const _time of ["first", "again"]) {
      world.publish(terminateEvent("i-0fffffffffffffff0"));
      await world.rest();
    }
    const found = world.executions().filter(({ name }) => name.includes("i-0fffffffffffffff0"));
    expect(found.map(({ name }) => name)).toEqual(["retire-i-0fffffffffffffff0-0"]);
    expect(JSON.parse(found[0]?.result ?? "null")).toEqual({ outcome: "ignored", state: "in no group" });
    expect(world.commands()).toHaveLength(commands);
    expect(problemsOf(world)).toEqual([]);
  });

  it("of another group or another hook start nothing", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    const before = world.executions().length;
    const event = terminateEvent(id);
    world.publish({ ...event, detail: { ...event.detail, LifecycleHookName: "of-somebody-else" } });
    const stranger = terminateEvent("i-0fffffffffffffff0");
    world.publish({ ...stranger, detail: { ...stranger.detail, AutoScalingGroupName: "of-somebody-else" } });
    await world.rest();
    expect(world.executions()).toHaveLength(before);
    expect(problemsOf(world)).toEqual([]);
  });

  it("of a manager that goes nowhere start a look, and nothing else", async () => {
    const world = await createTestWorld();
    await serving(world);
    const [manager = ""] = world.managers();
    const writes = world.machines.swarm.writes.length;
    world.publish(terminateEvent(manager));
    await world.rest();
    expect(retireOutcome(world, manager)).toEqual({ outcome: "ignored", state: "InService" });
    expect(world.machines.swarm.writes).toHaveLength(writes);
    expect(world.machines.host(manager).tombstone).toBe(false);
  });

  it("that cannot be understood end in the dead-letter queue", async () => {
    const world = await createTestWorld();
    await serving(world);
    world.deliver({ ...terminateEvent("i-0abc; rm -rf /"), source: "aws.autoscaling" });
    await world.rest();
    expect(problemsOf(world, { deadLetters: 1 })).toEqual([]);
    expect(world.letters[0]?.body).toContain("RetriesExhausted");
  });

  it("that come doubled and late arrive at the same execution, or at none", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    const launched = world.events.at(-1);
    await world.desire(0);
    await world.until(() => world.state(id) === "Terminating:Wait");
    const terminated = world.events.at(-1);
    for (const _time of [1, 2]) world.deliver(terminated);
    await world.after(15);
    world.deliver(terminated);
    world.deliver(launched);
    await world.rest();
    world.deliver(terminated);
    world.deliver(launched);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    const names = world.executions().map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("retire"))).toEqual([`retire-${id}-0`]);
    expect(names.filter((name) => name === `join-${id}-0`)).toHaveLength(1);
    // A launch event that is so late may start a join; the instance's state tells it that there is nothing to do.
    for (const name of names.filter((one) => one.startsWith("join") && one !== `join-${id}-0`))
      expect(world.execution(name).outcome.outcome).toBe("ignored");
  });

  it("that overtake what describing shows are waited for", async () => {
    const world = await createTestWorld({ faults: { staleReadsMs: 20_000 } });
    const id = await serving(world);
    await world.desire(0);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  });
});
