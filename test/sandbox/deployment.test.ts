// A deployment from nothing, with groups and hooks as the template has them: all machines are launched at once, and what AWS is asked
// answers with what the template says.
import {
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
} from "@aws-sdk/client-auto-scaling";
import { DescribeLoadBalancersCommand } from "@aws-sdk/client-elastic-load-balancing";
import { names } from "../../sandbox/cloud/configuration.ts";
import { PACKAGE_DIRECTORY } from "../../sandbox/template/packaging.ts";
import { readTemplate } from "../../sandbox/template/template.ts";
import { expectHooksAnswered, nodesOf } from "./repairs.ts";
import { withSandbox } from "./support.ts";

const [MANAGERS, WORKERS] = [3, 2];

describe("a swarm whose groups launch by themselves, as deployed", () => {
  const sandbox = withSandbox({ asDeployed: true, workers: WORKERS });

  it("has groups, hooks and load balancer as the template says", async () => {
    const { groups, loadBalancers } = readTemplate(PACKAGE_DIRECTORY, {
      account: names.account,
      region: names.region,
    });
    expect(groups.map(({ desired }) => desired)).toEqual([MANAGERS, WORKERS]);
    const { AutoScalingGroups } = await sandbox().autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
    expect(AutoScalingGroups).toMatchObject(
      groups.map((group) => ({
        AutoScalingGroupName: group.name,
        MinSize: group.min,
        MaxSize: group.max,
        DesiredCapacity: group.desired,
        LoadBalancerNames: group.loadBalancerNames,
        InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: group.terminateHookAbandon } },
      })),
    );
    for (const { name: AutoScalingGroupName, hooks } of groups) {
      const { LifecycleHooks } = await sandbox().autoScaling.send(
        new DescribeLifecycleHooksCommand({ AutoScalingGroupName }),
      );
      expect(LifecycleHooks).toMatchObject(
        hooks.map(({ name, transition, heartbeatTimeoutSeconds, defaultResult }) => ({
          LifecycleHookName: name,
          LifecycleTransition: transition,
          HeartbeatTimeout: heartbeatTimeoutSeconds,
          DefaultResult: defaultResult,
        })),
      );
    }
    const { LoadBalancerDescriptions } = await sandbox().loadBalancing.send(
      new DescribeLoadBalancersCommand({}),
    );
    expect(LoadBalancerDescriptions).toMatchObject(
      loadBalancers.map(({ name, scheme, instancePort, health }) => ({
        LoadBalancerName: name,
        Scheme: scheme,
        HealthCheck: { Target: `HTTP:${instancePort}${health.path}`, Interval: health.intervalSeconds },
      })),
    );
  });

  it("is formed once, and every machine of both groups came by its hook, though workers were launched with the first manager", async () => {
    const nodes = await nodesOf(sandbox());
    expect(nodes.map(({ Spec }) => Spec.Role).sort()).toEqual([
      ...Array(MANAGERS).fill("manager"),
      ...Array(WORKERS).fill("worker"),
    ]);
    expect(nodes.map(({ Status }) => Status.State)).toEqual(Array(MANAGERS + WORKERS).fill("ready"));
    const inits = (await sandbox().control.commands()).filter(({ document }) => document === "init-swarm");
    expect(new Set(inits.map(({ instanceId }) => instanceId)).size).toBe(1);
    const hooks = (await sandbox().control.hookRecords()).map(({ hook, result }) => `${hook} ${result}`);
    expect(hooks).toEqual(Array(MANAGERS + WORKERS).fill("join CONTINUE"));
    await expectHooksAnswered(sandbox());
  });

  it("serves", async () => {
    expect((await fetch(`${sandbox().url}/cgi-bin/work?n=1`)).status).toBe(200);
  });
});
