// One worker group with hooks `join` and `retire`, as the tests of the Auto Scaling model use it.
import { VirtualClock } from "../../sandbox/clock.ts";
import { AutoScaling } from "../../sandbox/models/auto-scaling/auto-scaling.ts";
import type { AutoScalingOptions, GroupConfig, HookConfig } from "../../sandbox/models/auto-scaling/types.ts";
import { sequentialIdentifiers } from "../../sandbox/models/identifiers.ts";
import type { AttachedLoadBalancer } from "../../sandbox/ports.ts";
import { FakeBus, FakeMachines } from "./model-fakes.ts";

export const GROUP = "hive-workers";
export const join: HookConfig = {
  name: "join",
  transition: "autoscaling:EC2_INSTANCE_LAUNCHING",
  heartbeatTimeoutSeconds: 300,
  defaultResult: "ABANDON",
  notificationMetadata: "hive",
};
export const retire: HookConfig = {
  name: "retire",
  transition: "autoscaling:EC2_INSTANCE_TERMINATING",
  heartbeatTimeoutSeconds: 300,
  defaultResult: "CONTINUE",
};

/** A load balancer that notes its calls; deregistering waits until `drained` is called. */
class FakeLoadBalancer implements AttachedLoadBalancer {
  readonly calls: string[] = [];
  holdDrain = false;
  readonly #held: (() => void)[] = [];

  registerDelay: () => Promise<void> = async () => {};

  async register(instanceId: string): Promise<void> {
    await this.registerDelay();
    this.calls.push(`register ${instanceId}`);
  }
  async deregister(instanceId: string): Promise<void> {
    this.calls.push(`deregister ${instanceId}`);
    if (this.holdDrain) await new Promise<void>((resolve) => this.#held.push(resolve));
  }
  drained(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

export function fixture(group: Partial<GroupConfig> = {}, options: Partial<AutoScalingOptions> = {}) {
  const clock = new VirtualClock();
  const machines = new FakeMachines();
  const bus = new FakeBus();
  const elb = new FakeLoadBalancer();
  const errors: string[] = [];
  const model = new AutoScaling({
    clock,
    machines,
    publish: bus.publish,
    loadBalancers: { hive: elb },
    groups: [{ name: GROUP, role: "worker", min: 0, max: 5, desired: 1, hooks: [join, retire], ...group }],
    ids: sequentialIdentifiers(),
    report: (message) => errors.push(message),
    ...options,
  });
  const api = model.operations;
  const states = () =>
    (api.DescribeAutoScalingInstances({}).AutoScalingInstances ?? []).map(
      ({ InstanceId, LifecycleState }) => [InstanceId ?? "", LifecycleState ?? ""] as const,
    );
  const complete = (
    instanceId: string,
    hook: "join" | "retire",
    result: "CONTINUE" | "ABANDON" = "CONTINUE",
  ) =>
    api.CompleteLifecycleAction({
      AutoScalingGroupName: GROUP,
      LifecycleHookName: hook,
      InstanceId: instanceId,
      LifecycleActionResult: result,
    });
  return {
    clock,
    machines,
    bus,
    elb,
    errors,
    model,
    api,
    states,
    state: (instanceId: string) => states().find(([id]) => id === instanceId)?.[1],
    inState: (state: string) => states().flatMap(([id, is]) => (is === state ? [id] : [])),
    complete,
    heartbeat: (instanceId: string, hook: "join" | "retire") =>
      api.RecordLifecycleActionHeartbeat({
        AutoScalingGroupName: GROUP,
        LifecycleHookName: hook,
        InstanceId: instanceId,
      }),
    desire: (DesiredCapacity: number) =>
      api.SetDesiredCapacity({ AutoScalingGroupName: GROUP, DesiredCapacity }),
    /** The states that an instance went through. */
    path: (instanceId: string) =>
      model
        .history()
        .filter((change) => change.instanceId === instanceId)
        .map((change) => change.to),
    /** Starts the group and lets its first instance come up; answers its id. */
    async up(): Promise<string> {
      model.start();
      await clock.advance(1000);
      const [first] = model.instanceIds();
      if (first === undefined) throw new Error("the group launched nothing");
      if ((group.hooks ?? [join, retire]).some((hook) => hook.name === "join")) {
        complete(first, "join");
        await clock.advance(1000);
      }
      return first;
    },
  };
}
