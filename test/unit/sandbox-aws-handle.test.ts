// The one function that all calls go through, and clients that reach it without HTTP.

import {
  type AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingInstancesCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeInstanceHealthCommand,
  type ElasticLoadBalancingClient,
  InvalidEndPointException,
} from "@aws-sdk/client-elastic-load-balancing";
import { type Catalogue, loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import {
  type Call,
  type CallRecord,
  createHandle,
  type HandleOptions,
  type Interceptor,
} from "../../sandbox/aws/handle.ts";
import { inProcessClient } from "../../sandbox/aws/in-process.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import { AwsError, type Caller, type ServiceModel } from "../../sandbox/ports.ts";

const caller: Caller = { accessKeyId: "AKIA1", principal: "function:join-node" };
const instances = { AutoScalingInstances: [{ InstanceId: "i-01", LifecycleState: "Pending:Wait" }] };
const autoscaling: ServiceModel = {
  signingName: "autoscaling",
  operations: {
    DescribeAutoScalingInstances: () => instances,
    CompleteLifecycleAction: () => {
      throw new AwsError("ValidationError", "No active Lifecycle Action found");
    },
  },
};
const elb: ServiceModel = {
  signingName: "elasticloadbalancing",
  operations: {
    DescribeInstanceHealth: () => {
      throw new AwsError("InvalidInstance", "no such instance");
    },
  },
};

let catalogue: Catalogue;
beforeAll(async () => {
  catalogue = await loadCatalogue(["autoscaling", "elasticloadbalancing"]);
});

const setUp = (more: Partial<HandleOptions> = {}) => {
  const calls: CallRecord[] = [];
  const clock = new VirtualClock();
  const handle = createHandle({
    models: [autoscaling, elb],
    clock,
    catalogue,
    onCall: (record) => calls.push(record),
    ...more,
  });
  return { handle, calls, clock };
};

describe("an in-process client", () => {
  it("stands in for the SDK's: command in, output out", async () => {
    const { handle } = setUp();
    const client = inProcessClient<AutoScalingClient>(handle, "autoscaling", caller, catalogue);
    const output = await client.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: ["i-01"] }));
    expect(output.AutoScalingInstances?.[0]?.LifecycleState).toBe("Pending:Wait");
    // What the caller does to the answer does not reach the model.
    output.AutoScalingInstances?.pop();
    expect(instances.AutoScalingInstances).toHaveLength(1);
  });

  it("throws errors that look as the SDK's: name, status, instanceof", async () => {
    const { handle } = setUp();
    const client = inProcessClient<AutoScalingClient>(handle, "autoscaling", caller, catalogue);
    const complete = new CompleteLifecycleActionCommand({
      AutoScalingGroupName: "g",
      LifecycleHookName: "h",
      LifecycleActionResult: "CONTINUE",
    });
    await expect(client.send(complete)).rejects.toMatchObject({
      name: "ValidationError",
      message: "No active Lifecycle Action found",
      $metadata: { httpStatusCode: 400 },
    });
    const balancer = inProcessClient<ElasticLoadBalancingClient>(
      handle,
      "elasticloadbalancing",
      caller,
      catalogue,
    );
    await expect(
      balancer.send(new DescribeInstanceHealthCommand({ LoadBalancerName: "hive" })),
    ).rejects.toBeInstanceOf(InvalidEndPointException);
  });
});

describe("every call", () => {
  it("is refused, as AWS would, when a required member is missing", async () => {
    const { handle } = setUp();
    await expect(
      handle("autoscaling", "CompleteLifecycleAction", { LifecycleHookName: "join" }, caller),
    ).rejects.toMatchObject({
      code: "ValidationError",
      message:
        "2 validation errors detected: " +
        "Value null at 'autoScalingGroupName' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'lifecycleActionResult' failed to satisfy constraint: Member must not be null",
    });
  });

  it("is refused when the model does not know the operation or the service", async () => {
    const { handle } = setUp();
    await expect(handle("autoscaling", "toString", {}, caller)).rejects.toMatchObject({
      code: "InvalidAction",
    });
    await expect(handle("kinesis", "PutRecord", {}, caller)).rejects.toMatchObject({ code: "InvalidAction" });
  });

  it("is noted with who made it and how it ended", async () => {
    const { handle, calls, clock } = setUp();
    await handle("autoscaling", "DescribeAutoScalingInstances", {}, caller);
    await handle("elasticloadbalancing", "DescribeInstanceHealth", { LoadBalancerName: "x" }, caller).catch(
      () => {},
    );
    expect(calls).toEqual([
      {
        time: clock.now(),
        milliseconds: 0,
        principal: "function:join-node",
        service: "autoscaling",
        operation: "DescribeAutoScalingInstances",
        input: {},
      },
      expect.objectContaining({ error: { code: "InvalidInstance", message: "no such instance" } }),
    ]);
  });

  it("goes through the interceptors in order, which may change, answer or refuse it", async () => {
    const seen: string[] = [];
    const rename: Interceptor = (call: Call, next) => {
      seen.push(`first ${call.operation}`);
      return next({ ...call, operation: "DescribeAutoScalingInstances" });
    };
    const { handle } = setUp({
      interceptors: [
        rename,
        async (call, next) => {
          seen.push(`second ${call.operation}`);
          if (call.caller.principal === "operator") throw new AwsError("Throttling", "Rate exceeded");
          return next(call);
        },
      ],
    });
    await expect(handle("autoscaling", "Renamed", {}, caller)).resolves.toEqual(instances);
    await expect(
      handle("autoscaling", "Renamed", {}, { accessKeyId: "x", principal: "operator" }),
    ).rejects.toMatchObject({
      code: "Throttling",
    });
    expect(seen.slice(0, 2)).toEqual(["first Renamed", "second DescribeAutoScalingInstances"]);
  });

  it("that fails inside the sandbox answers InternalFailure, keeps its cause, and is reported", async () => {
    const errors: unknown[] = [];
    const broken: ServiceModel = {
      signingName: "ssm",
      operations: {
        ListCommands: () => {
          throw new TypeError("x is undefined");
        },
      },
    };
    const { handle } = setUp({ models: [broken], onError: (error) => errors.push(error) });
    const error = await handle("ssm", "ListCommands", {}, caller).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "InternalFailure", status: 500, cause: expect.any(TypeError) });
    expect(errors).toHaveLength(1);
  });
});
