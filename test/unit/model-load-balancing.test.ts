// Classic ELB: what DescribeInstanceHealth says while instances come, drain and go.
import { VirtualClock } from "../../sandbox/clock.ts";
import { ClassicLoadBalancing } from "../../sandbox/models/load-balancing/classic-load-balancing.ts";
import { FakeMachines, FakeProxy, refusal } from "./model-fakes.ts";

const A = "i-0a";
const B = "i-0b";

function fixture(drainingTimeoutSeconds = 20) {
  const clock = new VirtualClock();
  const machines = new FakeMachines();
  const proxy = new FakeProxy();
  machines.boot(A);
  machines.boot(B);
  const model = new ClassicLoadBalancing({
    clock,
    machines,
    proxy,
    loadBalancers: [
      {
        name: "hive",
        drainingTimeoutSeconds,
        listeners: [{ Protocol: "HTTP", LoadBalancerPort: 80, InstanceProtocol: "HTTP", InstancePort: 8080 }],
        healthCheck: {
          Target: "HTTP:8080/health",
          Interval: 5,
          Timeout: 2,
          UnhealthyThreshold: 2,
          HealthyThreshold: 2,
        },
        dnsName: "hive.example",
      },
    ],
  });
  const input = (...ids: string[]) => ({
    LoadBalancerName: "hive",
    Instances: ids.map((InstanceId) => ({ InstanceId })),
  });
  return {
    clock,
    machines,
    proxy,
    model,
    api: model.operations,
    input,
    health: async (...ids: string[]) =>
      (
        await model.operations.DescribeInstanceHealth(
          ids.length ? input(...ids) : { LoadBalancerName: "hive" },
        )
      ).InstanceStates,
  };
}

describe("a Classic load balancer", () => {
  it("answers at once, and shows the registration in progress, in service, and unhealthy", async () => {
    const { api, input, health, proxy, clock } = fixture();
    expect(api.RegisterInstancesWithLoadBalancer(input(A))).toEqual({ Instances: [{ InstanceId: A }] });
    expect(await health(A)).toEqual([
      {
        InstanceId: A,
        State: "OutOfService",
        ReasonCode: "ELB",
        Description: "Instance registration is still in progress.",
      },
    ]);
    await clock.advance(0);
    expect(proxy.calls).toEqual([`add ${A}`]);
    proxy.healthOf.set(A, "up");
    expect(await health(A)).toEqual([
      { InstanceId: A, State: "InService", ReasonCode: "N/A", Description: "N/A" },
    ]);
    proxy.healthOf.set(A, "down");
    expect(await health(A)).toEqual([
      {
        InstanceId: A,
        State: "OutOfService",
        ReasonCode: "Instance",
        Description:
          "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
      },
    ]);
  });

  it("says that the registration is in progress until the checks can have failed, or once succeeded", async () => {
    const { api, input, health, proxy, clock } = fixture();
    const reason = async (id: string) => (await health(id))?.[0]?.ReasonCode;
    proxy.healthOf.set(A, "down").set(B, "down");
    api.RegisterInstancesWithLoadBalancer(input(A, B));
    await clock.advance(9_999);
    expect([await reason(A), await reason(B)]).toEqual(["ELB", "ELB"]);
    proxy.healthOf.set(A, "up");
    expect(await reason(A)).toBe("N/A");
    proxy.healthOf.set(A, "down");
    expect([await reason(A), await reason(B)]).toEqual(["Instance", "ELB"]);
    await clock.advance(1);
    expect(await reason(B)).toBe("Instance");
  });

  it("drains until the last connection has ended", async () => {
    const { api, input, health, proxy, clock } = fixture();
    api.RegisterInstancesWithLoadBalancer(input(A, B));
    proxy.healthOf.set(A, "up").set(B, "up");
    proxy.open.set(A, 3);
    expect(api.DeregisterInstancesFromLoadBalancer(input(A))).toEqual({ Instances: [{ InstanceId: B }] });
    await clock.advance(10_000);
    const draining = {
      InstanceId: A,
      State: "InService",
      ReasonCode: "N/A",
      Description: "Instance deregistration currently in progress.",
    };
    expect(await health(A)).toEqual([draining]);
    // Without Instances, one that drains is not to be seen.
    expect(await health()).toEqual([expect.objectContaining({ InstanceId: B })]);
    proxy.open.set(A, 0);
    await clock.advance(1000);
    expect(await health(A)).toEqual([
      {
        InstanceId: A,
        State: "OutOfService",
        ReasonCode: "Instance",
        Description: "Instance is not currently registered with the LoadBalancer.",
      },
    ]);
    expect(proxy.calls).toEqual([`add ${A}`, `add ${B}`, `drain ${A}`, `remove ${A}`]);
  });

  it("ends connections that outlast the draining timeout, which can be changed", async () => {
    const { api, input, health, proxy, clock } = fixture(20);
    const modify = (ConnectionDraining: { Enabled: boolean; Timeout?: number }) =>
      api.ModifyLoadBalancerAttributes({
        LoadBalancerName: "hive",
        LoadBalancerAttributes: { ConnectionDraining },
      });
    api.RegisterInstancesWithLoadBalancer(input(A, B));
    proxy.open.set(A, 1).set(B, 1);
    modify({ Enabled: true, Timeout: 5 });
    api.DeregisterInstancesFromLoadBalancer(input(A));
    await clock.advance(4900);
    expect((await health(A))?.[0]?.State).toBe("InService");
    await clock.advance(200);
    expect((await health(A))?.[0]?.Description).toContain("not currently registered");
    modify({ Enabled: false });
    api.DeregisterInstancesFromLoadBalancer(input(B));
    await clock.advance(1);
    expect((await health(B))?.[0]?.Description).toContain("not currently registered");
    expect(await refusal(() => modify({ Enabled: true, Timeout: 3601 }))).toContain(
      "InvalidConfigurationRequest",
    );
  });

  it("takes an instance back that is registered again while it drains", async () => {
    const { api, input, health, proxy, clock } = fixture();
    api.RegisterInstancesWithLoadBalancer(input(A));
    proxy.healthOf.set(A, "up");
    proxy.open.set(A, 1);
    api.DeregisterInstancesFromLoadBalancer(input(A));
    await clock.advance(1000);
    api.RegisterInstancesWithLoadBalancer(input(A));
    await clock.advance(60_000);
    expect((await health(A))?.[0]).toMatchObject({ State: "InService", Description: "N/A" });
    expect(proxy.calls).toEqual([`add ${A}`, `drain ${A}`, `add ${A}`]);
  });

  it("knows no terminated instances, and drops them from its list", async () => {
    const { api, input, health, machines } = fixture();
    api.RegisterInstancesWithLoadBalancer(input(A, B));
    machines.kill(A);
    expect(await refusal(() => health(A))).toBe(`InvalidInstance: Could not find EC2 instance ${A}.`);
    expect(await refusal(() => api.RegisterInstancesWithLoadBalancer(input(A)))).toContain("InvalidInstance");
    expect((await health())?.map(({ InstanceId }) => InstanceId)).toEqual([B]);
  });

  it("lets a group wait for the end of the drain", async () => {
    const { model, proxy, clock, health } = fixture();
    const attached = model.attached("hive");
    await attached.register(A);
    proxy.open.set(A, 1);
    let drained = false;
    void attached.deregister(A).then(() => {
      drained = true;
    });
    await clock.advance(3000);
    expect(drained).toBe(false);
    proxy.open.set(A, 0);
    await clock.advance(1000);
    expect(drained).toBe(true);
    expect((await health(A))?.[0]?.Description).toContain("not currently registered");
  });

  it("is described with its name, address and instances", async () => {
    const { api, input } = fixture();
    api.RegisterInstancesWithLoadBalancer(input(A));
    expect(api.DescribeLoadBalancers({}).LoadBalancerDescriptions).toEqual([
      expect.objectContaining({
        LoadBalancerName: "hive",
        DNSName: "hive.example",
        Instances: [{ InstanceId: A }],
      }),
    ]);
    expect(await refusal(() => api.DescribeLoadBalancers({ LoadBalancerNames: ["other"] }))).toBe(
      "LoadBalancerNotFound: There is no ACTIVE Load Balancer named 'other'",
    );
  });
});
