// The models behind the local endpoint, asked by the real SDK clients: shapes and error names survive the wire.
import { createServer, type Server } from "node:http";
import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  SetDesiredCapacityCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeInstanceHealthCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingClient,
  RegisterInstancesWithLoadBalancerCommand,
} from "@aws-sdk/client-elastic-load-balancing";
import {
  GetCommandInvocationCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import { createEndpoint } from "../../sandbox/aws/endpoint.ts";
import { createHandle, OPERATOR } from "../../sandbox/aws/handle.ts";
import { ClassicLoadBalancing } from "../../sandbox/models/load-balancing/classic-load-balancing.ts";
import { fixture as autoScaling, GROUP } from "./model-auto-scaling-fixture.ts";
import { FakeProxy, refusal } from "./model-fakes.ts";
import { A, fixture as systemsManager } from "./model-systems-manager-fixture.ts";

const scaling = autoScaling({ tags: { cluster: "hive" } });
const systems = systemsManager();
const balancing = new ClassicLoadBalancing({
  clock: systems.clock,
  machines: systems.machines,
  proxy: new FakeProxy(),
  loadBalancers: [
    {
      name: "hive",
      drainingTimeoutSeconds: 20,
      listeners: [{ Protocol: "HTTP", LoadBalancerPort: 80, InstancePort: 8080 }],
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

let server: Server;
let options: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};

beforeAll(async () => {
  const catalogue = await loadCatalogue(["autoscaling", "elasticloadbalancing", "ssm"]);
  const models = [scaling.model, systems.model, balancing];
  const handle = createHandle({ models, clock: systems.clock, catalogue });
  server = createServer(createEndpoint({ handle, catalogue, identify: () => OPERATOR }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "ap-northeast-1",
    credentials: { accessKeyId: "OPERATOR", secretAccessKey: "x" },
  };
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

it("Auto Scaling: a group with its instance, and the words of a refusal", async () => {
  const client = new AutoScalingClient(options);
  const id = await scaling.up();
  await client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 1 }));
  const { AutoScalingGroups } = await client.send(new DescribeAutoScalingGroupsCommand({}));
  expect(AutoScalingGroups).toMatchObject([
    {
      AutoScalingGroupName: GROUP,
      DesiredCapacity: 1,
      InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: "terminate" } },
      Instances: [{ InstanceId: id, LifecycleState: "InService", HealthStatus: "Healthy" }],
      Tags: [{ Key: "cluster", Value: "hive" }],
    },
  ]);
  const complete = new CompleteLifecycleActionCommand({
    AutoScalingGroupName: GROUP,
    LifecycleHookName: "join",
    InstanceId: id,
    LifecycleActionResult: "CONTINUE",
  });
  expect(await refusal(() => client.send(complete))).toBe(
    `ValidationError: No active Lifecycle Action found with instance ID ${id}`,
  );
  client.destroy();
});

it("Classic ELB: the health of an instance, and the client's name for a terminated one", async () => {
  const client = new ElasticLoadBalancingClient(options);
  const input = (InstanceId: string) => ({ LoadBalancerName: "hive", Instances: [{ InstanceId }] });
  await client.send(new RegisterInstancesWithLoadBalancerCommand(input(A)));
  const { InstanceStates } = await client.send(new DescribeInstanceHealthCommand(input(A)));
  expect(InstanceStates).toMatchObject([
    { InstanceId: A, State: "OutOfService", Description: "Instance registration is still in progress." },
  ]);
  const { LoadBalancerDescriptions } = await client.send(new DescribeLoadBalancersCommand({}));
  expect(LoadBalancerDescriptions?.[0]).toMatchObject({
    DNSName: "hive.example",
    Instances: [{ InstanceId: A }],
  });
  expect(await refusal(() => client.send(new DescribeInstanceHealthCommand(input("i-0f"))))).toContain(
    "InvalidEndPointException",
  );
  client.destroy();
});

it("Systems Manager: a command from sending to its result", async () => {
  const client = new SSMClient(options);
  const { Command } = await client.send(
    new SendCommandCommand({ DocumentName: "hive-drain", InstanceIds: [A], Parameters: { nodeId: ["n1"] } }),
  );
  const get = new GetCommandInvocationCommand({ CommandId: Command?.CommandId, InstanceId: A });
  expect(await refusal(() => client.send(get))).toContain("InvocationDoesNotExist");
  await systems.clock.advance(1000);
  expect(await client.send(get)).toMatchObject({ Status: "Success", ResponseCode: 0 });
  const { Commands } = await client.send(new ListCommandsCommand({}));
  expect(Commands?.[0]?.RequestedDateTime).toEqual(Command?.RequestedDateTime);
  client.destroy();
});
