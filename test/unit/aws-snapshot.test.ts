// What the picture of a cluster takes of AWS: one call each, and all pages of those that have pages.
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { describeGroups } from "../../shared/aws/auto-scaling.ts";
import { describeClusterAgents } from "../../shared/aws/cluster-agents.ts";
import { runningExecutions } from "../../shared/aws/executions.ts";
import { describeMemberships } from "../../shared/aws/load-balancing.ts";
import { clientThat } from "./aws-client.ts";

const [ONE, OTHER] = ["i-0123456789abcdef0", "i-0123456789abcdef1"];

describe("members of groups", () => {
  it.each([
    ["Healthy", true],
    ["HEALTHY", true],
    [undefined, true],
    ["Unhealthy", false],
    ["UNHEALTHY", false],
  ])("are told with their health: %s is %s", async (HealthStatus, healthy) => {
    const { client, asked } = clientThat<AutoScalingClient>({
      DescribeAutoScalingGroups: {
        AutoScalingGroups: [
          {
            AutoScalingGroupName: "hive-workers",
            Instances: [
              { InstanceId: ONE, LifecycleState: "InService", HealthStatus },
              { InstanceId: "mi-0123", LifecycleState: "InService" },
            ],
            LoadBalancerNames: ["hive"],
          },
        ],
      },
    });
    expect(await describeGroups(client, ["hive-workers", "hive-managers"])).toEqual([
      {
        name: "hive-workers",
        instances: [{ instanceId: ONE, lifecycleState: "InService", healthy }],
        loadBalancers: ["hive"],
        retains: false,
      },
    ]);
    expect(asked).toHaveLength(1);
  });
});

describe("members of the load balancer", () => {
  it("are asked for all at once, and told with their standing", async () => {
    const draining = "Instance deregistration currently in progress.";
    const { client, asked } = clientThat<ElasticLoadBalancingClient>({
      DescribeInstanceHealth: {
        InstanceStates: [
          { InstanceId: ONE, State: "InService", Description: draining },
          { InstanceId: OTHER, State: "OutOfService", Description: "Health checks failed" },
          { State: "InService" },
        ],
      },
    });
    expect(await describeMemberships(client, "hive")).toEqual([
      { instanceId: ONE, membership: { standing: "draining" } },
      { instanceId: OTHER, membership: { standing: "out-of-service", description: "Health checks failed" } },
    ]);
    expect(asked).toEqual([{ operation: "DescribeInstanceHealth", input: { LoadBalancerName: "hive" } }]);
  });

  it("are none where the answer has none", async () => {
    const { client } = clientThat<ElasticLoadBalancingClient>({ DescribeInstanceHealth: {} });
    expect(await describeMemberships(client, "hive")).toEqual([]);
  });
});

describe("agents of the cluster", () => {
  it("are found by its tag, page after page, online or not", async () => {
    const { client, asked } = clientThat<SSMClient>({
      DescribeInstanceInformation: ({ NextToken }: { NextToken?: string }) =>
        NextToken === "2"
          ? { InstanceInformationList: [{ InstanceId: OTHER, PingStatus: "ConnectionLost" }], NextToken: "" }
          : {
              InstanceInformationList: [
                { InstanceId: ONE, PingStatus: "Online", AgentVersion: "3.3.1", IPAddress: "10.0.0.1" },
                { InstanceId: "mi-0123", PingStatus: "Online" },
              ],
              NextToken: "2",
            },
    });
    expect(await describeClusterAgents(client, "blue")).toEqual([
      { instanceId: ONE, online: true, version: "3.3.1", address: "10.0.0.1" },
      { instanceId: OTHER, online: false, version: "", address: "" },
    ]);
    const Filters = [{ Key: "tag:hive-swarm:cluster", Values: ["blue"] }];
    expect(asked.map(({ input }) => input)).toEqual([
      { Filters, MaxResults: 50, NextToken: undefined },
      { Filters, MaxResults: 50, NextToken: "2" },
    ]);
  });
});

describe("running executions", () => {
  const StartTimestamp = new Date("2026-02-01T10:00:00Z");
  const named = (DurableExecutionName: string) => ({ DurableExecutionName, StartTimestamp });

  it("are read page after page, to the end", async () => {
    const { client, asked } = clientThat<LambdaClient>({
      ListDurableExecutionsByFunction: ({ Marker }: { Marker?: string }) =>
        Marker === "2"
          ? { DurableExecutions: [named("join-b-0"), { DurableExecutionName: "join-c-0" }], NextMarker: "" }
          : { DurableExecutions: [named("join-a-0")], NextMarker: "2" },
    });
    expect(await runningExecutions(client, "join-node")).toEqual([
      { name: "join-a-0", startedAt: StartTimestamp },
      { name: "join-b-0", startedAt: StartTimestamp },
    ]);
    expect(asked.map(({ input }) => input)).toEqual([
      { FunctionName: "join-node", Statuses: ["RUNNING"], MaxItems: 100, Marker: undefined },
      { FunctionName: "join-node", Statuses: ["RUNNING"], MaxItems: 100, Marker: "2" },
    ]);
  });

  it("are none where the answer has none", async () => {
    const { client } = clientThat<LambdaClient>({ ListDurableExecutionsByFunction: {} });
    expect(await runningExecutions(client, "join-node")).toEqual([]);
  });
});
