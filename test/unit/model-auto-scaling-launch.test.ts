// The way into an Auto Scaling group: hooks, heartbeats, timeouts, attached load balancers.
import { fixture, GROUP, join, retire } from "./model-auto-scaling-fixture.ts";
import { refusal } from "./model-fakes.ts";

describe("a launch", () => {
  it("waits for its hook, and is in service after CONTINUE", async () => {
    const { model, clock, complete, path, inState, bus } = fixture();
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    expect(id).toMatch(/^i-0[0-9a-f]{16}$/);
    expect(bus.of("EC2 Instance-launch Lifecycle Action")).toEqual([
      {
        LifecycleActionToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
        AutoScalingGroupName: GROUP,
        LifecycleHookName: "join",
        EC2InstanceId: id,
        LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
        NotificationMetadata: "hive",
        Origin: "EC2",
        Destination: "AutoScalingGroup",
      },
    ]);
    complete(id, "join");
    await clock.advance(1000);
    expect(path(id)).toEqual(["Pending", "Pending:Wait", "Pending:Proceed", "InService"]);
    expect(bus.of("EC2 Instance Launch Successful")).toHaveLength(1);
    expect(model.hooks()).toEqual([
      expect.objectContaining({
        instanceId: id,
        hook: "join",
        result: "CONTINUE",
        by: "call",
        completions: 1,
      }),
    ]);
  });

  it("does not wait where the group has no launch hook", async () => {
    const { up, path } = fixture({ hooks: [retire] });
    expect(path(await up())).toEqual(["Pending", "InService"]);
  });

  it("is completed by its token as well, and only by the right one", async () => {
    const { model, clock, api, state } = fixture();
    model.start();
    await clock.advance(1000);
    const [hook] = model.hooks();
    const call = (LifecycleActionToken: string) =>
      api.CompleteLifecycleAction({
        AutoScalingGroupName: GROUP,
        LifecycleHookName: "join",
        LifecycleActionResult: "CONTINUE",
        LifecycleActionToken,
      });
    expect(await refusal(() => call("not-a-token"))).toBe(
      "ValidationError: No active Lifecycle Action found with token not-a-token",
    );
    call(hook?.token ?? "");
    await clock.advance(1000);
    expect(state(hook?.instanceId ?? "")).toBe("InService");
  });

  it("is refused a second completion, an unknown hook, an unknown group and a wrong result", async () => {
    const { up, complete, api } = fixture();
    const id = await up();
    const base = { AutoScalingGroupName: GROUP, LifecycleHookName: "join", InstanceId: id };
    const result = { LifecycleActionResult: "CONTINUE" };
    expect(await refusal(() => complete(id, "join"))).toBe(
      `ValidationError: No active Lifecycle Action found with instance ID ${id}`,
    );
    expect(
      await refusal(() => api.CompleteLifecycleAction({ ...base, ...result, LifecycleHookName: "other" })),
    ).toContain("No Lifecycle Hook found");
    expect(
      await refusal(() => api.CompleteLifecycleAction({ ...base, ...result, AutoScalingGroupName: "other" })),
    ).toContain("AutoScalingGroup name not found");
    expect(
      await refusal(() => api.CompleteLifecycleAction({ ...base, LifecycleActionResult: "PERHAPS" })),
    ).toContain("ValidationError");
  });

  it("that is ABANDONed goes through its terminate hook, and is replaced", async () => {
    const { model, clock, complete, path, state, desire, inState, machines, bus } = fixture();
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    complete(id, "join", "ABANDON");
    await clock.advance(10_000);
    expect(state(id)).toBe("Terminating:Wait");
    expect(inState("Pending:Wait")).toHaveLength(1);
    complete(id, "retire");
    await clock.advance(1000);
    expect(path(id)).toEqual([
      "Pending",
      "Pending:Wait",
      "Terminating",
      "Terminating:Wait",
      "Terminating:Proceed",
      "Terminated",
    ]);
    expect(machines.terminated).toEqual([id]);
    expect(bus.of("EC2 Instance Launch Unsuccessful")).toHaveLength(1);
    desire(0);
  });

  it("takes the default result when nobody answers", async () => {
    const { model, clock, state, inState } = fixture();
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    await clock.advance(298_000);
    expect(state(id)).toBe("Pending:Wait");
    await clock.advance(2_000);
    expect(state(id)).toBe("Terminating:Wait");
    expect(model.hooks()[0]).toMatchObject({ result: "ABANDON", by: "timeout", completions: 0 });
  });

  it("is kept open by heartbeats, but not beyond the global timeout of 100 heartbeat timeouts", async () => {
    const short = { ...join, heartbeatTimeoutSeconds: 30 };
    const { model, clock, state, inState, heartbeat, api } = fixture({ hooks: [short, retire] });
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    const startedAt = model.hooks()[0]?.startedAt ?? 0;
    while (clock.now() < startedAt + 2_990_000) {
      heartbeat(id, "join");
      await clock.advance(20_000);
    }
    await clock.advance(20_000);
    expect(state(id)).toBe("Terminating:Wait");
    const [hook] = model.hooks();
    expect((hook?.endedAt ?? 0) - startedAt).toBe(3_000_000);
    expect(await refusal(() => heartbeat(id, "join"))).toContain("No active Lifecycle Action found");
    expect(api.DescribeLifecycleHooks({ AutoScalingGroupName: GROUP }).LifecycleHooks?.[0]).toMatchObject({
      HeartbeatTimeout: 30,
      GlobalTimeout: 3000,
    });
  });

  it("needs all of several hooks; one ABANDON ends the others", async () => {
    const second = { ...join, name: "second" };
    const { model, clock, inState, state, complete, api } = fixture({
      hooks: [join, second, retire],
      desired: 2,
    });
    model.start();
    await clock.advance(1000);
    const [one = "", two = ""] = inState("Pending:Wait");
    const completeSecond = (InstanceId: string, LifecycleActionResult: string) =>
      api.CompleteLifecycleAction({
        AutoScalingGroupName: GROUP,
        LifecycleHookName: "second",
        InstanceId,
        LifecycleActionResult,
      });
    complete(one, "join");
    await clock.advance(1000);
    expect(state(one)).toBe("Pending:Wait");
    completeSecond(one, "CONTINUE");
    completeSecond(two, "ABANDON");
    await clock.advance(1000);
    expect(state(one)).toBe("InService");
    expect(state(two)).toBe("Terminating:Wait");
    const superseded = model.hooks().filter((hook) => hook.by === "superseded");
    expect(superseded).toEqual([expect.objectContaining({ instanceId: two, hook: "join", completions: 0 })]);
  });

  it("is registered with an attached load balancer only after its hook was completed", async () => {
    const { model, clock, elb, complete, inState } = fixture({ loadBalancerNames: ["hive"] });
    model.start();
    await clock.advance(60_000);
    expect(elb.calls).toEqual([]);
    const [id = ""] = inState("Pending:Wait");
    complete(id, "join");
    await clock.advance(1000);
    expect(elb.calls).toEqual([`register ${id}`]);
    expect(inState("InService")).toEqual([id]);
  });

  it("is tried again when the machine does not start", async () => {
    const { model, clock, machines, bus, inState, errors } = fixture();
    machines.failingStarts = 1;
    model.start();
    await clock.advance(10_000);
    expect(bus.of("EC2 Instance Launch Unsuccessful")).toHaveLength(1);
    expect(errors).toHaveLength(1);
    expect(inState("Pending:Wait")).toHaveLength(1);
  });

  it("answers 'no active action' for a while although it waits, when told to", async () => {
    const { model, clock, inState, complete, state } = fixture(
      {},
      { faults: { transientNoActiveActionMs: 5000 } },
    );
    model.start();
    await clock.advance(1000);
    const [id = ""] = inState("Pending:Wait");
    expect(await refusal(() => complete(id, "join"))).toContain(
      "No active Lifecycle Action found with instance ID",
    );
    expect(state(id)).toBe("Pending:Wait");
    await clock.advance(5000);
    complete(id, "join");
    await clock.advance(1000);
    expect(state(id)).toBe("InService");
    expect(model.hooks()[0]?.completions).toBe(1);
  });
});
