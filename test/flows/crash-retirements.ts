// The retirements that crash: between them they come by every step of the flow.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { joins } from "./crash-joins.ts";
import { crashingManagers } from "./crash-managers.ts";
import { crashingAfterWarnings } from "./crash-warnings.ts";
import { type Scenario, scenarioOf } from "./crashes.ts";
import { retireOutcome } from "./scenes.ts";
import { resultOf, type TestWorld } from "./world.ts";

/** Minutes of service, something that befalls the instance, a scale-in. */
const goesAfter =
  (befalls: (world: TestWorld, id: string) => void): Scenario["play"] =>
  async (world) => {
    const id = await joins(world);
    befalls(world, id);
    await world.after(60);
    await world.desire(0);
    await world.rest();
    return id;
  };

const goes = goesAfter(() => {});

const retiredWith =
  (logs: string) =>
  (world: TestWorld, id: string): void => {
    expect(world.members()).toEqual([]);
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs });
  };

const retained = (world: TestWorld, id: string): void => {
  expect(world.members()).toEqual([{ id, state: "Terminating:Retained" }]);
  expect(resultOf(world, id, "retire")).toBe("ABANDON");
  expect(retireOutcome(world, id).outcome).toBe("retained");
};

/** No retirement may complete its hook, until an execution has failed for it. */
const refusesFirst =
  (world: () => TestWorld): Interceptor =>
  async (call, next) => {
    const failed = world()
      .executions()
      .some(({ status }) => status === "FAILED");
    if (
      call.operation === "CompleteLifecycleAction" &&
      call.caller.principal.endsWith("retire-node") &&
      !failed
    )
      throw new AwsError("AccessDenied", "not authorized to perform autoscaling:CompleteLifecycleAction");
    return await next(call);
  };

const SHORT = { RETIRE_DEADLINE_SECONDS: "300" };

const retire = scenarioOf("retire-node");

export const crashingRetirements: readonly Scenario[] = [
  retire(
    "a retirement behind the group's own load balancer",
    { loadBalancer: "attached" },
    goes,
    retiredWith("shipped"),
  ),
  retire(
    "a retirement that leaves the load balancer itself",
    { loadBalancer: "not attached" },
    goes,
    retiredWith("shipped"),
  ),
  retire(
    "the retirement of a dead host",
    {},
    async (world) => {
      const id = await joins(world);
      await world.after(60);
      const group = { AutoScalingGroupName: "hive-workers", DesiredCapacity: 0 };
      world.autoScaling.operations.SetDesiredCapacity(group);
      world.machines.kill(id);
      await world.rest();
      return id;
    },
    retiredWith("died with the host"),
  ),
  retire(
    "the retirement of a frozen host, which its group calls healthy",
    {},
    goesAfter((world, id) => world.machines.freeze(id)),
    retained,
  ),
  retire(
    "a retirement whose machine is kept",
    { environment: SHORT },
    goesAfter((world, id) => world.machines.host(id).logs.block()),
    retained,
  ),
  {
    ...retire(
      "a retirement whose log lines are rescued",
      { environment: { ...SHORT, UNSHIPPED: "rescue", RESCUE_BUCKET: "hive-rescued-logs" } },
      goesAfter((world, id) => world.machines.host(id).logs.block()),
      retiredWith("rescued"),
    ),
    expected: (id) => ({ unshipped: [id] }),
  },
  retire(
    "a retirement that starts a dead filebeat again",
    {},
    goesAfter((world, id) => world.machines.host(id).logs.stopFilebeat()),
    retiredWith("shipped"),
  ),
  retire(
    "a retirement that the load balancer does not let go",
    { loadBalancer: "not attached", drainingTimeoutSeconds: 3_600, environment: SHORT },
    goesAfter((world, id) => world.proxy.open.set(id, 2)),
    retiredWith("shipped"),
  ),
  ...crashingAfterWarnings,
  ...crashingManagers,
  {
    ...retire(
      "a return to a warm pool",
      {},
      async (world) => {
        const id = await joins(world);
        await world.after(60);
        world.autoScaling.returnToWarmPool(id, "Warmed:Pending:Wait");
        await world.rest();
        return id;
      },
      (world, id) => {
        expect(world.members()).toEqual([{ id, state: "Warmed:Running" }]);
        expect(resultOf(world, id, "retire")).toBe("CONTINUE");
        expect(world.machines.host(id)).toMatchObject({ alive: true, nodeId: undefined, tombstone: false });
      },
    ),
    everywhere: true,
  },
  {
    ...retire(
      "a retirement that fails, and is begun anew",
      {},
      async (world) => {
        const id = await joins(world);
        await world.after(60);
        await world.desire(0);
        await world.until(() => world.executions().some(({ status }) => status === "FAILED"));
        world.deliver(world.events.at(-1));
        await world.rest();
        return id;
      },
      (world, id) => {
        expect(world.members()).toEqual([]);
        expect(resultOf(world, id, "retire")).toBe("CONTINUE");
        expect(world.execution(`retire-${id}-1`).outcome).toMatchObject({ outcome: "retired" });
      },
    ),
    interceptor: refusesFirst,
    expected: () => ({ deadLetters: 1 }),
  },
];
