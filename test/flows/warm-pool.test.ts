// Into a warm pool and out of it again: what goes back is retired and stays alive, and can join in another life.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { launch, retireOutcome, serving } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf, WORKERS } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

describe.each(["Warmed:Pending:Wait", "Terminating:Wait"] as const)(
  "an instance that returns to a warm pool and waits in %s",
  (waitState) => {
    it.each(["attached", "not attached", "none"] as const)(
      "is retired alive, and joins again when it is taken out; the load balancer is %s",
      async (loadBalancer) => {
        const world = await createTestWorld({ loadBalancer });
        const id = await serving(world);
        const [former] = world.machines.swarm.nodesOfInstance(id);
        world.autoScaling.returnToWarmPool(id, waitState);
        await world.rest();
        expect(problemsOf(world)).toEqual([]);
        expect(world.state(id)).toBe("Warmed:Running");
        expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
        expect(resultOf(world, id, "retire")).toBe("CONTINUE");
        expect(world.machines.host(id)).toMatchObject({ alive: true, nodeId: undefined, tombstone: false });
        expect(world.machines.host(id).logs.backlog()).toBe(0);

        world.autoScaling.takeFromWarmPool(id);
        await world.rest();
        expect(problemsOf(world)).toEqual([]);
        expect(world.members()).toEqual([{ id, state: "InService" }]);
        expect(world.execution(`join-${id}-1`).outcome).toMatchObject({ outcome: "joined", tasks: 1 });
        expect(world.machines.swarm.nodesOfInstance(id)[0]?.id).not.toBe(former?.id);
      },
    );
  },
);

it("an instance whose logs are not shipped is not kept: it goes back alive, with its log files, and that is told", async () => {
  const world = await createTestWorld();
  const id = await serving(world);
  const { logs } = world.machines.host(id);
  logs.block();
  world.autoScaling.returnToWarmPool(id, "Warmed:Pending:Wait");
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  expect(world.state(id)).toBe("Warmed:Running");
  expect(resultOf(world, id, "retire")).toBe("CONTINUE");
  expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "given up" });
  expect(retireOutcome(world, id).details).toContain("goes back to its warm pool");
  expect(world.logged("retire: logs were not shipped").map(({ level }) => level)).toEqual(["error"]);
  logs.block(false);
  await world.after(30);
  expect(logs.backlog()).toBe(0);
});

it("a forged termination of an instance that is being warmed changes nothing", async () => {
  const world = await createTestWorld();
  await launch(world);
  await world.rest();
  const id = world.autoScaling.launchIntoWarmPool(WORKERS);
  await world.until(() => world.state(id) === "Warmed:Pending:Wait");
  world.publish({
    source: "aws.autoscaling",
    "detail-type": "EC2 Instance-terminate Lifecycle Action",
    resources: [],
    detail: {
      LifecycleActionToken: "00000000-0000-0000-0000-000000000000",
      AutoScalingGroupName: WORKERS,
      LifecycleHookName: "retire",
      EC2InstanceId: id,
      LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
      Origin: "AutoScalingGroup",
      Destination: "WarmPool",
    },
  });
  await world.rest();
  expect(problemsOf(world)).toEqual([]);
  expect(retireOutcome(world, id)).toEqual({ outcome: "ignored", state: "Warmed:Pending:Wait" });
  expect(world.commands("begin-retire")).toEqual([]);
  expect(world.state(id)).toBe("Warmed:Running");
  expect(world.execution(`join-${id}-0`).outcome).toEqual({ outcome: "prepared" });
  expect(world.machines.host(id).tombstone).toBe(false);
  expect(resultOf(world, id, "join")).toBe("CONTINUE");
});
