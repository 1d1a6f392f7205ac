// Auto Scaling groups as callers read and change them: sizes, settings, standby, detach, warm pool, stale reads.
import { fixture, GROUP } from "./model-auto-scaling-fixture.ts";
import { refusal } from "./model-fakes.ts";

const named = { AutoScalingGroupName: GROUP };

describe("a group", () => {
  it("refuses a desired capacity outside its minimum and maximum", async () => {
    const { desire } = fixture({ min: 1, max: 3 });
    expect(await refusal(() => desire(4))).toBe(
      "ValidationError: New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup.",
    );
    expect(await refusal(() => desire(0))).toBe(
      "ValidationError: New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.",
    );
  });

  it("is described with its instances, retention policy and tags", async () => {
    const { up, api } = fixture({ tags: { "hive-swarm:cluster": "hive" }, terminateHookAbandon: "retain" });
    const id = await up();
    const filtered = (value: string) =>
      api.DescribeAutoScalingGroups({ Filters: [{ Name: "tag:hive-swarm:cluster", Values: [value] }] });
    expect(filtered("other").AutoScalingGroups).toEqual([]);
    expect(filtered("hive").AutoScalingGroups).toEqual([
      expect.objectContaining({
        AutoScalingGroupName: GROUP,
        MinSize: 0,
        MaxSize: 5,
        DesiredCapacity: 1,
        HealthCheckType: "EC2",
        InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: "retain" } },
        Instances: [
          expect.objectContaining({ InstanceId: id, LifecycleState: "InService", HealthStatus: "Healthy" }),
        ],
      }),
    ]);
    api.CreateOrUpdateTags({ Tags: [{ ResourceId: GROUP, Key: "team", Value: "x" }] });
    const tags = api.DescribeTags({ Filters: [{ Name: "key", Values: ["team"] }] }).Tags;
    expect(tags).toEqual([expect.objectContaining({ ResourceId: GROUP, Key: "team", Value: "x" })]);
  });

  it("is read in pages", async () => {
    const { model, clock, api } = fixture({ desired: 5 });
    model.start();
    await clock.advance(1000);
    const seen: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const answer = api.DescribeAutoScalingInstances({ MaxRecords: 2, NextToken: token });
      seen.push(...(answer.AutoScalingInstances ?? []).map(({ InstanceId }) => InstanceId));
      token = answer.NextToken;
    } while (token !== undefined);
    expect(seen).toEqual(model.instanceIds());
    expect(await refusal(() => api.DescribeAutoScalingInstances({ NextToken: "x" }))).toContain(
      "InvalidNextToken",
    );
  });

  it("shows the states of a while ago when reads are stale", async () => {
    const { up, clock, model, api, desire, state } = fixture();
    const id = await up();
    await clock.advance(10_000);
    desire(0);
    await clock.advance(1000);
    expect(state(id)).toBe("Terminating:Wait");
    model.faults.staleReadsMs = 5000;
    expect(state(id)).toBe("InService");
    await clock.advance(5000);
    expect(state(id)).toBe("Terminating:Wait");
    const [group] = api.DescribeAutoScalingGroups({}).AutoScalingGroups ?? [];
    expect(group?.Instances).toHaveLength(1);
  });

  it("tells each change of state to its listeners", async () => {
    const { up, model, desire, clock } = fixture();
    const told: string[] = [];
    const stop = model.onChange(({ from, to }) => told.push(`${from} → ${to}`));
    await up();
    stop();
    desire(0);
    await clock.advance(1000);
    expect(told).toEqual([
      "undefined → Pending",
      "Pending → Pending:Wait",
      "Pending:Wait → Pending:Proceed",
      "Pending:Proceed → InService",
    ]);
  });

  it("changes its hooks, and checks them", async () => {
    const { api } = fixture();
    api.PutLifecycleHook({ ...named, LifecycleHookName: "join", HeartbeatTimeout: 60 });
    expect(api.DescribeLifecycleHooks({ ...named, LifecycleHookNames: ["join"] }).LifecycleHooks).toEqual([
      {
        LifecycleHookName: "join",
        AutoScalingGroupName: GROUP,
        LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
        HeartbeatTimeout: 60,
        GlobalTimeout: 6000,
        DefaultResult: "ABANDON",
        NotificationMetadata: "hive",
      },
    ]);
    const put = (more: object) => () =>
      api.PutLifecycleHook({ ...named, LifecycleHookName: "join", ...more });
    expect(await refusal(put({ HeartbeatTimeout: 29 }))).toContain("between 30 and 7200");
    expect(await refusal(put({ DefaultResult: "RETRY" }))).toContain("CONTINUE or ABANDON");
    expect(await refusal(put({ LifecycleHookName: "new" }))).toContain("Invalid lifecycle transition");
  });

  it("is attached to a load balancer, and detached from it, while it runs", async () => {
    const { up, api, elb, clock } = fixture();
    const id = await up();
    api.AttachLoadBalancers({ ...named, LoadBalancerNames: ["hive"] });
    await clock.advance(0);
    expect(elb.calls).toEqual([`register ${id}`]);
    expect(api.DescribeLoadBalancers(named).LoadBalancers).toHaveLength(1);
    api.DetachLoadBalancers({ ...named, LoadBalancerNames: ["hive"] });
    await clock.advance(0);
    expect(elb.calls).toEqual([`register ${id}`, `deregister ${id}`]);
    const unknown = { ...named, LoadBalancerNames: ["other"] };
    expect(await refusal(() => api.AttachLoadBalancers(unknown))).toContain("may not be valid");
    expect(await refusal(() => api.DetachLoadBalancers(unknown))).toContain("not part of the group");
  });

  it("keeps an instance in standby outside its capacity, and takes it back without hooks", async () => {
    const { up, api, clock, state, inState, elb, model } = fixture({ loadBalancerNames: ["hive"] });
    const id = await up();
    const one = { ...named, InstanceIds: [id] };
    api.EnterStandby({ ...one, ShouldDecrementDesiredCapacity: true });
    await clock.advance(1000);
    expect(state(id)).toBe("Standby");
    expect(inState("Pending:Wait")).toEqual([]);
    api.ExitStandby(one);
    await clock.advance(1000);
    expect(state(id)).toBe("InService");
    expect(elb.calls).toEqual([`register ${id}`, `deregister ${id}`, `register ${id}`]);
    expect(model.hooks()).toHaveLength(1);
    expect(await refusal(() => api.ExitStandby(one))).toContain("is not in Standby");
  });

  it("detaches an instance without any hook, and attaches it through the launch hook", async () => {
    const { up, api, clock, state, machines, model, complete } = fixture();
    const id = await up();
    const one = { ...named, InstanceIds: [id] };
    api.DetachInstances({ ...one, ShouldDecrementDesiredCapacity: true });
    await clock.advance(1000);
    expect(state(id)).toBeUndefined();
    expect(machines.alive(id)).toBe(true);
    expect(model.hooks().filter(({ hook }) => hook === "retire")).toEqual([]);
    api.AttachInstances(one);
    await clock.advance(1000);
    expect(state(id)).toBe("Pending:Wait");
    expect(await refusal(() => api.AttachInstances(one))).toContain("already part of AutoScalingGroup");
    complete(id, "join");
    await clock.advance(1000);
    expect(state(id)).toBe("InService");
  });

  it("gives its tags to what it launches, and an instance keeps them when it is detached", async () => {
    const { up, api, clock, model } = fixture({ tags: { cluster: "hive" } });
    const id = await up();
    api.DetachInstances({ ...named, InstanceIds: [id], ShouldDecrementDesiredCapacity: false });
    await clock.advance(1000);
    const [replacement = ""] = model.instanceIds();
    expect(model.instancesByTag("cluster", ["hive"])).toEqual([id, replacement]);
    api.CreateOrUpdateTags({ Tags: [{ ResourceId: GROUP, Key: "cluster", Value: "other" }] });
    expect(model.tagsOf(id)).toEqual({ cluster: "hive" });
    expect(model.instancesByTag("cluster", ["other"])).toEqual([]);
  });

  it("finds a terminated instance by its tags no more, though they can still be read", async () => {
    const { up, desire, complete, clock, model } = fixture({ tags: { cluster: "hive" } });
    const id = await up();
    desire(0);
    await clock.advance(1000);
    complete(id, "retire");
    await clock.advance(1000);
    expect(model.instancesByTag("cluster", ["hive"])).toEqual([]);
    expect(model.tagsOf(id)).toEqual({ cluster: "hive" });
  });

  it("takes an instance out that somebody said is unhealthy, through its terminate hook, and launches another", async () => {
    const { up, api, clock, state, inState, model, machines } = fixture();
    const id = await up();
    expect(await refusal(() => api.SetInstanceHealth({ InstanceId: id, HealthStatus: "Ill" }))).toContain(
      "must be Healthy or Unhealthy",
    );
    api.SetInstanceHealth({ InstanceId: id, HealthStatus: "Unhealthy" });
    api.SetInstanceHealth({ InstanceId: id, HealthStatus: "Healthy" });
    await clock.advance(10_000);
    expect(state(id)).toBe("InService");
    api.SetInstanceHealth({ InstanceId: id, HealthStatus: "Unhealthy" });
    await clock.advance(10_000);
    expect(state(id)).toBe("Terminating:Wait");
    expect(machines.alive(id)).toBe(true);
    expect(inState("Pending:Wait")).toHaveLength(1);
    expect(model.history().find(({ to }) => to === "Terminating")?.cause).toContain("user health-check");
  });

  it("returns an instance to its warm pool alive, announced as a termination to WarmPool", async () => {
    const { up, model, clock, bus, state, complete, machines } = fixture();
    const id = await up();
    model.returnToWarmPool(id);
    await clock.advance(1000);
    expect(state(id)).toBe("Warmed:Pending:Wait");
    expect(bus.of("EC2 Instance-terminate Lifecycle Action")).toEqual([
      expect.objectContaining({ Origin: "AutoScalingGroup", Destination: "WarmPool" }),
    ]);
    complete(id, "retire");
    await clock.advance(60_000);
    expect(state(id)).toBe("Warmed:Running");
    expect(machines.alive(id)).toBe(true);
    expect(model.instanceIds()).toEqual([id]);
  });

  it("warms an instance through the launch hook without taking it into service", async () => {
    const { model, clock, bus, state, complete } = fixture({ desired: 0 });
    const id = model.launchIntoWarmPool(GROUP);
    await clock.advance(1000);
    expect(state(id)).toBe("Warmed:Pending:Wait");
    expect(bus.of("EC2 Instance-launch Lifecycle Action")).toEqual([
      expect.objectContaining({ Origin: "EC2", Destination: "WarmPool" }),
    ]);
    complete(id, "join");
    await clock.advance(1000);
    expect(state(id)).toBe("Warmed:Running");
  });

  it("lists its activities, newest first", async () => {
    const { up, api, desire, clock } = fixture();
    const id = await up();
    desire(0);
    await clock.advance(1000);
    const { Activities = [] } = api.DescribeScalingActivities(named);
    expect(Activities.map(({ Description, StatusCode }) => [Description, StatusCode])).toEqual([
      [`Terminating EC2 instance: ${id}`, "MidLifecycleAction"],
      [`Launching a new EC2 instance: ${id}`, "Successful"],
    ]);
  });
});
