// The way out of an Auto Scaling group: scale-in, hooks, retention, dead machines, overtaken launches.
import { sleep } from "../../sandbox/clock.ts";
import { fixture, GROUP, join } from "./model-auto-scaling-fixture.ts";
import { refusal } from "./model-fakes.ts";

const OUT = ["Terminating", "Terminating:Wait", "Terminating:Proceed", "Terminated"];

describe("a termination", () => {
  it("waits for its hook, and ends the machine after CONTINUE", async () => {
    const { up, desire, clock, bus, complete, path, machines, state } = fixture();
    const id = await up();
    desire(0);
    await clock.advance(1000);
    expect(bus.of("EC2 Instance-terminate Lifecycle Action")).toEqual([
      expect.objectContaining({
        EC2InstanceId: id,
        LifecycleHookName: "retire",
        LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
        Origin: "AutoScalingGroup",
        Destination: "EC2",
      }),
    ]);
    expect(machines.alive(id)).toBe(true);
    complete(id, "retire");
    await clock.advance(1000);
    expect(path(id).slice(-4)).toEqual(OUT);
    expect(machines.terminated).toEqual([id]);
    expect(state(id)).toBeUndefined();
    expect(bus.of("EC2 Instance Terminate Successful")).toHaveLength(1);
  });

  it("does not wait where the group has no terminate hook", async () => {
    const { up, desire, clock, path } = fixture({ hooks: [join] });
    const id = await up();
    desire(0);
    await clock.advance(1000);
    expect(path(id).slice(-3)).toEqual(["Terminating", "Terminating:Proceed", "Terminated"]);
  });

  it("is out of an attached load balancer, and drained, before its hook fires", async () => {
    const { up, desire, clock, elb, state, bus } = fixture({ loadBalancerNames: ["hive"] });
    const id = await up();
    elb.holdDrain = true;
    desire(0);
    await clock.advance(60_000);
    expect(elb.calls).toEqual([`register ${id}`, `deregister ${id}`]);
    expect(state(id)).toBe("Terminating");
    expect(bus.of("EC2 Instance-terminate Lifecycle Action")).toEqual([]);
    elb.drained();
    await clock.advance(1000);
    expect(state(id)).toBe("Terminating:Wait");
  });

  it("takes the oldest first", async () => {
    const { up, desire, clock, inState, complete } = fixture();
    const first = await up();
    desire(2);
    await clock.advance(1000);
    const [second = ""] = inState("Pending:Wait");
    complete(second, "join");
    await clock.advance(1000);
    desire(1);
    await clock.advance(1000);
    expect(inState("Terminating:Wait")).toEqual([first]);
    expect(inState("InService")).toEqual([second]);
  });

  it("that is ABANDONed still terminates where the group does not retain", async () => {
    const { up, desire, clock, complete, path } = fixture();
    const id = await up();
    desire(0);
    await clock.advance(1000);
    complete(id, "retire", "ABANDON");
    await clock.advance(1000);
    expect(path(id).at(-1)).toBe("Terminated");
  });

  it("that is ABANDONed keeps the machine where the group retains, until it is terminated explicitly", async () => {
    const { up, clock, complete, state, machines, api, inState, bus, path } = fixture({
      terminateHookAbandon: "retain",
    });
    const id = await up();
    const terminate = () =>
      api.TerminateInstanceInAutoScalingGroup({ InstanceId: id, ShouldDecrementDesiredCapacity: false });
    terminate();
    await clock.advance(1000);
    complete(id, "retire", "ABANDON");
    await clock.advance(60_000);
    expect(state(id)).toBe("Terminating:Retained");
    expect(machines.alive(id)).toBe(true);
    // Outside desired capacity: a replacement came up beside it.
    expect(inState("Pending:Wait")).toHaveLength(1);
    terminate();
    await clock.advance(1000);
    expect(path(id).slice(-3)).toEqual(["Terminating:Retained", "Terminating:Proceed", "Terminated"]);
    expect(bus.of("EC2 Instance-terminate Lifecycle Action")).toHaveLength(1);
  });

  it("overtakes a launch that still waits", async () => {
    const { model, clock, inState, api, complete, path, bus } = fixture({ loadBalancerNames: ["hive"] });
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    api.TerminateInstanceInAutoScalingGroup({ InstanceId: id, ShouldDecrementDesiredCapacity: true });
    expect(await refusal(() => complete(id, "join"))).toContain("No active Lifecycle Action");
    await clock.advance(1000);
    expect(path(id)).toEqual(["Pending", "Pending:Wait", "Terminating", "Terminating:Wait"]);
    expect(model.hooks().map(({ hook, by }) => [hook, by])).toEqual([
      ["join", "superseded"],
      ["retire", undefined],
    ]);
    expect(bus.of("EC2 Instance Launch Unsuccessful")).toEqual([
      expect.objectContaining({ StatusMessage: "The instance was terminated before it was in service" }),
    ]);
    expect(model.instanceIds()).toEqual([id]);
  });

  it("overtakes a launch between CONTINUE and the load balancer", async () => {
    const { model, clock, inState, complete, desire, path, elb } = fixture(
      { loadBalancerNames: ["hive"] },
      { timings: { proceedMs: 5000 } },
    );
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    complete(id, "join");
    await clock.advance(1000);
    desire(0);
    await clock.advance(30_000);
    expect(path(id)).toEqual([
      "Pending",
      "Pending:Wait",
      "Pending:Proceed",
      "Terminating",
      "Terminating:Wait",
    ]);
    expect(elb.calls).toEqual([]);
  });

  it("overtakes a launch whose machine is still starting, and leaves no machine behind", async () => {
    const { model, clock, machines, desire, complete, inState, path } = fixture();
    machines.startDelay = () => sleep(clock, 60_000);
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending");
    desire(0);
    await clock.advance(1000);
    expect(path(id)).toEqual(["Pending", "Terminating"]);
    await clock.advance(60_000);
    complete(id, "retire");
    await clock.advance(1000);
    expect(path(id).at(-1)).toBe("Terminated");
    expect(machines.alive(id)).toBe(false);
  });

  it("keeps what was retained, also when its machine dies", async () => {
    const { up, desire, clock, complete, state, machines } = fixture({ terminateHookAbandon: "retain" });
    const id = await up();
    desire(0);
    await clock.advance(1000);
    complete(id, "retire", "ABANDON");
    machines.kill(id);
    await clock.advance(60_000);
    expect(state(id)).toBe("Terminating:Retained");
  });

  it("of a machine that died comes after its death, and is followed by a replacement", async () => {
    const { up, machines, clock, state, inState, api } = fixture();
    const id = await up();
    machines.kill(id);
    await clock.advance(2000);
    expect(state(id)).toBe("InService");
    await clock.advance(4000);
    expect(state(id)).toBe("Terminating:Wait");
    const [described] = api.DescribeAutoScalingInstances({ InstanceIds: [id] }).AutoScalingInstances ?? [];
    expect(described?.HealthStatus).toBe("UNHEALTHY");
    expect(inState("Pending:Wait")).toHaveLength(1);
  });

  it("asked for twice is the same activity", async () => {
    const { up, clock, api, model } = fixture();
    const id = await up();
    const ask = () =>
      api.TerminateInstanceInAutoScalingGroup({ InstanceId: id, ShouldDecrementDesiredCapacity: true });
    const first = ask().Activity;
    await clock.advance(1000);
    expect(ask().Activity?.ActivityId).toBe(first?.ActivityId);
    expect(model.hooks().filter(({ hook }) => hook === "retire")).toHaveLength(1);
    const [group] = api.DescribeAutoScalingGroups({ AutoScalingGroupNames: [GROUP] }).AutoScalingGroups ?? [];
    expect(group?.DesiredCapacity).toBe(0);
  });

  it("is refused where it would fall below the group's minimum, and for a foreign instance", async () => {
    const { up, api } = fixture({ min: 1 });
    const id = await up();
    const ask = (InstanceId: string) =>
      api.TerminateInstanceInAutoScalingGroup({ InstanceId, ShouldDecrementDesiredCapacity: true });
    expect(await refusal(() => ask(id))).toContain("Currently, desiredSize equals minSize (1)");
    expect(await refusal(() => ask("i-0ffffffffffffffff"))).toContain("No managed instance found");
  });
});
