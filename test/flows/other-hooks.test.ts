// A group may have hooks of somebody else: the instance then waits on although our part is done, and that is no failure.
import { crashOnce } from "../../sandbox/lambda/crash-points.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import type { Transition } from "../../sandbox/models/auto-scaling/types.ts";
import { joinOutcome, launch, retireOutcome, serving } from "./scenes.ts";
import { createTestWorld, problemsOf, resultOf, type TestWorld, WORKERS } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const HOOK = "of-somebody-else";
/** For so long the other one keeps the instance after we are done with it. */
const OTHERS_SECONDS = 1_200;

const addHook = (world: TestWorld, transition: Transition): void => {
  world.autoScaling.operations.PutLifecycleHook({
    AutoScalingGroupName: WORKERS,
    LifecycleHookName: HOOK,
    LifecycleTransition: transition,
    HeartbeatTimeout: 7_200,
    DefaultResult: "ABANDON",
  });
};

const completeOther = (world: TestWorld, InstanceId: string): void => {
  world.autoScaling.operations.CompleteLifecycleAction({
    AutoScalingGroupName: WORKERS,
    LifecycleHookName: HOOK,
    InstanceId,
    LifecycleActionResult: "CONTINUE",
  });
};

const isClosed = (world: TestWorld, name: string) => (): boolean =>
  world.executions().some((execution) => execution.name === name && execution.status === "SUCCEEDED");

/** The accepted call is made, and what the flow wanted to remember of it is lost. */
const lostCompletion = () => crashOnce({ point: "complete CONTINUE:RETRY", when: "before" });

describe("a join whose group has another launch hook", () => {
  it.each(["attached", "not attached", "none"] as const)(
    "ends as joined and undoes nothing while the instance waits on; the load balancer is %s",
    async (loadBalancer) => {
      const world = await createTestWorld({ loadBalancer });
      addHook(world, "autoscaling:EC2_INSTANCE_LAUNCHING");
      const id = await launch(world);
      await world.after(OTHERS_SECONDS);
      expect(world.state(id)).toBe("Pending:Wait");
      expect(resultOf(world, id, "join")).toBe("CONTINUE");
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
      expect(world.commands("leave-swarm")).toEqual([]);
      expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
      expect(world.machines.swarm.nodesOfInstance(id)).toMatchObject([{ availability: "active" }]);

      completeOther(world, id);
      await world.rest();
      expect(problemsOf(world)).toEqual([]);
      expect(world.state(id)).toBe("InService");
    },
  );

  it("ends as joined although a crash hid that its completion was accepted", async () => {
    const crash = lostCompletion();
    const world = await createTestWorld({ loadBalancer: "not attached", hooks: { "join-node": crash } });
    addHook(world, "autoscaling:EC2_INSTANCE_LAUNCHING");
    const id = await launch(world);
    await world.until(isClosed(world, `join-${id}-0`), 600);
    expect(crash.crashed()).toBe(true);
    expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", tasks: 1 });
    expect(world.state(id)).toBe("Pending:Wait");
    // Not sooner: "no active action" can also be said of one that still waits.
    expect((world.clock.now() - (world.hook(id, "join").endedAt ?? 0)) / 1000).toBeGreaterThan(100);

    completeOther(world, id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.state(id)).toBe("InService");
  });
});

describe("a retirement whose group has another terminate hook", () => {
  it("ends as retired while the instance waits on", async () => {
    const world = await createTestWorld();
    const id = await serving(world);
    addHook(world, "autoscaling:EC2_INSTANCE_TERMINATING");
    await world.desire(0);
    await world.after(OTHERS_SECONDS);
    expect(world.state(id)).toBe("Terminating:Wait");
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(resultOf(world, id, "retire")).toBe("CONTINUE");

    completeOther(world, id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members()).toEqual([]);
  });

  it("ends as retired although a crash hid that its completion was accepted", async () => {
    const crash = lostCompletion();
    const world = await createTestWorld({ hooks: { "retire-node": crash } });
    const id = await serving(world);
    addHook(world, "autoscaling:EC2_INSTANCE_TERMINATING");
    await world.desire(0);
    await world.until(isClosed(world, `retire-${id}-0`), 1_200);
    expect(crash.crashed()).toBe(true);
    expect(retireOutcome(world, id)).toMatchObject({ outcome: "retired", logs: "shipped" });
    expect(world.state(id)).toBe("Terminating:Wait");

    completeOther(world, id);
    await world.rest();
    expect(problemsOf(world)).toEqual([]);
    expect(world.members()).toEqual([]);
  });
});
