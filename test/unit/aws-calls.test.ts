import type { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { errorCode, errorText, isTransient } from "../../shared/aws/errors.ts";
import { deregister, describeMembership, membershipOf, register } from "../../shared/aws/load-balancing.ts";
import {
  cancelCommand,
  commandResult,
  commandResults,
  describeAgents,
  sendCommand,
  versionAtLeast,
} from "../../shared/aws/run-command.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { awsError, clientThat } from "./aws-client.ts";

const instanceId = "i-0123456789abcdef0" as InstanceId;
const balancer = (answers: Record<string, unknown>) => clientThat<ElasticLoadBalancingClient>(answers);
const manager = (answers: Record<string, unknown>) => clientThat<SSMClient>(answers);

describe("what an error says", () => {
  it("is its code, or Error where it has none", () => {
    expect(errorCode(awsError("ValidationError"))).toBe("ValidationError");
    for (const nameless of [undefined, null, "text", {}]) expect(errorCode(nameless)).toBe("Error");
  });

  it("is one line with name and message, or the thing that was thrown", () => {
    expect(errorText(awsError("Throttling", "Rate exceeded"))).toBe("Throttling: Rate exceeded");
    expect(errorText("text")).toBe("text");
  });

  it.each([
    [{ $metadata: { httpStatusCode: 500 } }, true],
    [{ $metadata: { httpStatusCode: 499 } }, false],
    [{ $metadata: { httpStatusCode: 429 } }, true],
    [{ $metadata: { httpStatusCode: "500" } }, false],
    [{ $metadata: null }, false],
    [{ $retryable: {} }, true],
    [{ code: "ERR_UNKNOWN" }, false],
    [{ code: 503 }, false],
    [null, false],
  ])("%j passes by itself: %s", (error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });
});

describe("an instance's place at the load balancer", () => {
  const health = (State?: string, Description?: string) => ({
    InstanceStates: [
      { InstanceId: "i-0fffffffffffffff9", State: "InService" },
      { InstanceId: instanceId, State, Description },
    ],
  });

  it("is asked for that instance alone", async () => {
    const { client, asked } = balancer({ DescribeInstanceHealth: health("InService", "N/A") });
    expect(await describeMembership(client, "hive", instanceId)).toEqual({ standing: "in-service" });
    const input = { LoadBalancerName: "hive", Instances: [{ InstanceId: instanceId }] };
    expect(asked).toEqual([{ operation: "DescribeInstanceHealth", input }]);
  });

  it("is not registered when the answer does not have it", async () => {
    for (const answer of [{}, { InstanceStates: [] }]) {
      const { client } = balancer({ DescribeInstanceHealth: answer });
      expect(await describeMembership(client, "hive", instanceId)).toEqual({ standing: "not-registered" });
    }
  });

  it("is out of service, with the description or else the state", async () => {
    expect(membershipOf("OutOfService", "Health checks failed")).toEqual({
      standing: "out-of-service",
      description: "Health checks failed",
    });
    expect(membershipOf("OutOfService", "")).toMatchObject({ description: "OutOfService" });
    const { client } = balancer({ DescribeInstanceHealth: health() });
    expect(await describeMembership(client, "hive", instanceId)).toEqual({
      standing: "out-of-service",
      description: "",
    });
  });

  it.each(["InvalidInstance", "InvalidEndPoint", "InvalidEndPointException"])(
    "is terminated on %s, and then nothing is left to deregister",
    async (code) => {
      const { client } = balancer({
        DescribeInstanceHealth: awsError(code),
        DeregisterInstancesFromLoadBalancer: awsError(code),
      });
      expect(await describeMembership(client, "hive", instanceId)).toEqual({ standing: "terminated" });
      await expect(deregister(client, "hive", instanceId)).resolves.toBeUndefined();
    },
  );

  it("is unknown on any other error", async () => {
    const refused = awsError("AccessDenied");
    const { client } = balancer({
      DescribeInstanceHealth: refused,
      DeregisterInstancesFromLoadBalancer: refused,
      RegisterInstancesWithLoadBalancer: refused,
    });
    await expect(describeMembership(client, "hive", instanceId)).rejects.toBe(refused);
    await expect(deregister(client, "hive", instanceId)).rejects.toBe(refused);
    await expect(register(client, "hive", instanceId)).rejects.toBe(refused);
  });

  it("is taken and given up by name of load balancer and instance", async () => {
    const { client, asked } = balancer({
      RegisterInstancesWithLoadBalancer: {},
      DeregisterInstancesFromLoadBalancer: {},
    });
    await register(client, "hive", instanceId);
    await deregister(client, "hive", instanceId);
    const input = { LoadBalancerName: "hive", Instances: [{ InstanceId: instanceId }] };
    expect(asked).toEqual([
      { operation: "RegisterInstancesWithLoadBalancer", input },
      { operation: "DeregisterInstancesFromLoadBalancer", input },
    ]);
  });
});

describe("the agents of instances", () => {
  it("are those that the answer has, Online or not", async () => {
    const { client, asked } = manager({
      DescribeInstanceInformation: {
        InstanceInformationList: [
          { InstanceId: instanceId, PingStatus: "Online", AgentVersion: "3.3.1", IPAddress: "10.0.0.1" },
          { InstanceId: "i-0fffffffffffffff9", PingStatus: "ConnectionLost" },
          { InstanceId: "mi-0123456789abcdef0", PingStatus: "Online" },
          {},
        ],
      },
    });
    expect(await describeAgents(client, [instanceId])).toEqual([
      { instanceId, online: true, version: "3.3.1", address: "10.0.0.1" },
      { instanceId: "i-0fffffffffffffff9", online: false, version: "", address: "" },
    ]);
    const input = { Filters: [{ Key: "InstanceIds", Values: [instanceId] }], MaxResults: 50 };
    expect(asked).toEqual([{ operation: "DescribeInstanceInformation", input }]);
  });

  it("are none when none ever registered", async () => {
    for (const answer of [{}, awsError("InvalidInstanceId")]) {
      const { client } = manager({ DescribeInstanceInformation: answer });
      expect(await describeAgents(client, [instanceId])).toEqual([]);
    }
    const { client } = manager({ DescribeInstanceInformation: awsError("AccessDenied") });
    await expect(describeAgents(client, [instanceId])).rejects.toThrow("AccessDenied");
  });
});

describe("a command", () => {
  const command = {
    document: "hive-swarm-dev-join-host",
    instanceIds: [instanceId],
    parameters: { nodeId: "n1", mode: "" },
    deliverySeconds: 60,
    executionSeconds: 120,
    comment: "join-i-0123456789abcdef0-0",
  };

  it("goes to one instance, with each parameter as a list of one, and both of its time limits", async () => {
    const { client, asked } = manager({ SendCommand: { Command: { CommandId: "c1" } } });
    expect(await sendCommand(client, command)).toBe("c1");
    const input = asked[0]?.input ?? {};
    expect(input).toMatchObject({
      DocumentName: command.document,
      InstanceIds: [instanceId],
      TimeoutSeconds: 60,
      Comment: command.comment,
    });
    expect(input.Parameters).toEqual({ nodeId: ["n1"], mode: [""], executionTimeout: ["120"] });
  });

  it("is of the document's default version, or of one by its number", async () => {
    const { client, asked } = manager({ SendCommand: { Command: { CommandId: "c1" } } });
    await sendCommand(client, command);
    await sendCommand(client, { ...command, version: "7" });
    expect(asked.map(({ input }) => input.DocumentVersion)).toEqual([undefined, "7"]);
  });

  it("gives the agent half a minute at least, and its comment has 100 characters at most", async () => {
    const { client, asked } = manager({ SendCommand: { Command: { CommandId: "c1" } } });
    await sendCommand(client, { ...command, deliverySeconds: 5, comment: "x".repeat(101) });
    expect(asked[0]?.input).toMatchObject({ TimeoutSeconds: 30, Comment: "x".repeat(100) });
  });

  it("without an id in the answer is an error that names document and instance", async () => {
    for (const answer of [{}, { Command: {} }]) {
      const { client } = manager({ SendCommand: answer });
      await expect(sendCommand(client, command)).rejects.toThrow(/join-host.*i-0123456789abcdef0/);
    }
  });

  it("goes to as many hosts as are named", async () => {
    const { client, asked } = manager({ SendCommand: { Command: { CommandId: "c1" } } });
    const others = [instanceId, "i-0fffffffffffffff9" as InstanceId];
    await sendCommand(client, { ...command, instanceIds: others });
    expect(asked[0]?.input).toMatchObject({ InstanceIds: others });
  });

  it("is cancelled by its id, on its instance", async () => {
    const { client, asked } = manager({ CancelCommand: {} });
    await cancelCommand(client, "c1", [instanceId]);
    expect(asked).toEqual([
      { operation: "CancelCommand", input: { CommandId: "c1", InstanceIds: [instanceId] } },
    ]);
  });
});

describe("the result of a command", () => {
  const resultOf = (answer: unknown) =>
    commandResult(manager({ GetCommandInvocation: answer }).client, "c1", instanceId);

  it("is what the script printed once it succeeded", async () => {
    expect(await resultOf({ Status: "Success", StandardOutputContent: "{}" })).toEqual({
      status: "succeeded",
      stdout: "{}",
    });
    expect(await resultOf({ Status: "Success" })).toEqual({ status: "succeeded", stdout: "" });
  });

  it.each(["Failed", "TimedOut", "Cancelled", "Cancelling"])(
    "is a failure with all that is known on %s",
    async (Status) => {
      expect(await resultOf({ Status })).toEqual({
        status: "failed",
        stdout: "",
        stderr: "",
        details: Status,
      });
      const answer = {
        Status,
        StatusDetails: "ExecutionTimedOut",
        StandardOutputContent: "so far",
        StandardErrorContent: "no",
      };
      expect(await resultOf(answer)).toEqual({
        status: "failed",
        stdout: "so far",
        stderr: "no",
        details: "ExecutionTimedOut",
      });
    },
  );

  it.each([
    [{ Status: "Pending" }, "queued"],
    [{ Status: "Delayed" }, "queued"],
    [{}, "queued"],
    [{ Status: "InProgress" }, "running"],
  ])("is not there yet on %j: it is %s", async (answer, status) => {
    expect(await resultOf(answer)).toEqual({ status });
  });

  it("is not there yet when the invocation does not exist yet, and unknown on any other error", async () => {
    expect(await resultOf(awsError("InvocationDoesNotExist"))).toEqual({ status: "queued" });
    await expect(resultOf(awsError("AccessDenied"))).rejects.toThrow("AccessDenied");
  });

  it("is asked for one command on one instance", async () => {
    const { client, asked } = manager({ GetCommandInvocation: {} });
    await commandResult(client, "c1", instanceId);
    expect(asked[0]?.input).toEqual({ CommandId: "c1", InstanceId: instanceId });
  });
});

describe("the results of a command on many hosts", () => {
  const hostOf = (index: number): string => `i-0${index.toString(16).padStart(16, "0")}`;

  it("are read page by page, of each host what it printed", async () => {
    const ended = (index: number, Status: string, Output?: string, StatusDetails?: string) => ({
      InstanceId: hostOf(index),
      Status,
      ...(StatusDetails === undefined ? {} : { StatusDetails }),
      ...(Output === undefined ? {} : { CommandPlugins: [{ Output }, { Output: "another plugin's" }] }),
    });
    const pages: Record<string, unknown> = {
      first: { CommandInvocations: [ended(1, "Success", "{}"), ended(2, "InProgress")], NextToken: "second" },
      second: {
        CommandInvocations: [ended(3, "Failed", "no", "Failed"), ended(4, "TimedOut")],
        NextToken: "3",
      },
      3: {
        CommandInvocations: [ended(5, "Cancelled"), ended(6, "Cancelling"), ended(7, "Pending")],
        NextToken: "",
      },
    };
    const { client, asked } = manager({
      ListCommandInvocations: ({ NextToken = "first" }: { NextToken?: string }) => pages[NextToken],
    });
    const result = (index: number, succeeded: boolean, details: string, stdout = "") => ({
      instanceId: hostOf(index),
      ended: { succeeded, stdout, details },
    });
    expect(await commandResults(client, "c1")).toEqual([
      result(1, true, "Success", "{}"),
      { instanceId: hostOf(2), ended: undefined },
      result(3, false, "Failed", "no"),
      result(4, false, "TimedOut"),
      result(5, false, "Cancelled"),
      result(6, false, "Cancelling"),
      { instanceId: hostOf(7), ended: undefined },
    ]);
    const question = { CommandId: "c1", Details: true, MaxResults: 50 };
    expect(asked.map(({ input }) => input)).toEqual([
      { ...question, NextToken: undefined },
      { ...question, NextToken: "second" },
      { ...question, NextToken: "3" },
    ]);
  });

  it("are told by what is known in detail, and leave out what is no EC2 instance", async () => {
    const CommandInvocations = [
      { InstanceId: hostOf(1), Status: "TimedOut", StatusDetails: "DeliveryTimedOut" },
      { InstanceId: "mi-0123456789abcdef0", Status: "Success" },
      {},
    ];
    const { client } = manager({ ListCommandInvocations: { CommandInvocations } });
    expect(await commandResults(client, "c1")).toEqual([
      { instanceId: hostOf(1), ended: { succeeded: false, stdout: "", details: "DeliveryTimedOut" } },
    ]);
  });

  it("are none just after it was sent, and unknown on an error", async () => {
    expect(await commandResults(manager({ ListCommandInvocations: {} }).client, "c1")).toEqual([]);
    const { client } = manager({ ListCommandInvocations: awsError("ThrottlingException") });
    await expect(commandResults(client, "c1")).rejects.toThrow("ThrottlingException");
  });
});

describe("a version", () => {
  it("that is the wanted one itself is enough, whatever follows it", () => {
    expect(versionAtLeast("3.3", "3.3")).toBe(true);
    expect(versionAtLeast("3.3.0.1", "3.3")).toBe(true);
    expect(versionAtLeast("3.x", "3.3")).toBe(false);
  });
});
