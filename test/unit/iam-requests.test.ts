// Which permission each call needs, checked by a full simulation against AWS's own service reference; and how the services
// word a refusal.
import { readdirSync, readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { OPERATOR } from "../../sandbox/aws/handle.ts";
import { createAccess } from "../../sandbox/iam/access.ts";
import { simulationOf } from "../../sandbox/iam/evaluate.ts";
import type { Facts } from "../../sandbox/iam/facts.ts";
import { requestsOf } from "../../sandbox/iam/requests.ts";
import { sandboxAccount as account } from "../../sandbox/models/account.ts";
import type { PolicyStatement, RoleDefinition } from "../../sandbox/template/types.ts";

const INSTANCE = "i-0123456789abcdef0";
const facts: Facts = {
  instance: (id) => (id === INSTANCE ? { group: "g", tags: { "hive-swarm:cluster": "hive" } } : undefined),
  byTag: () => [INSTANCE],
};
const surroundings = { account, facts };
const EXECUTION =
  "arn:aws:lambda:ap-northeast-1:123456789012:function:hive-swarm-dev-join-node:1/durable-execution/join-i-0-0/11111111-2222-4333-8444-555555555555";

/** One call of each kind that functions, instances and the command line tool make. */
const calls: [service: string, operation: string, input: object, permissions: string[]][] = [
  ["autoscaling", "DescribeAutoScalingGroups", {}, ["autoscaling:DescribeAutoScalingGroups"]],
  ["autoscaling", "DescribeAutoScalingInstances", {}, ["autoscaling:DescribeAutoScalingInstances"]],
  ["autoscaling", "DescribeLifecycleHooks", {}, ["autoscaling:DescribeLifecycleHooks"]],
  ["autoscaling", "DescribeScalingActivities", {}, ["autoscaling:DescribeScalingActivities"]],
  [
    "autoscaling",
    "TerminateInstanceInAutoScalingGroup",
    { InstanceId: INSTANCE },
    ["autoscaling:TerminateInstanceInAutoScalingGroup"],
  ],
  [
    "autoscaling",
    "CompleteLifecycleAction",
    { AutoScalingGroupName: "g" },
    ["autoscaling:CompleteLifecycleAction"],
  ],
  [
    "autoscaling",
    "RecordLifecycleActionHeartbeat",
    { AutoScalingGroupName: "g" },
    ["autoscaling:RecordLifecycleActionHeartbeat"],
  ],
  ["elasticloadbalancing", "DescribeInstanceHealth", {}, ["elasticloadbalancing:DescribeInstanceHealth"]],
  [
    "elasticloadbalancing",
    "RegisterInstancesWithLoadBalancer",
    { LoadBalancerName: "hive" },
    ["elasticloadbalancing:RegisterInstancesWithLoadBalancer"],
  ],
  [
    "elasticloadbalancing",
    "DeregisterInstancesFromLoadBalancer",
    { LoadBalancerName: "hive" },
    ["elasticloadbalancing:DeregisterInstancesFromLoadBalancer"],
  ],
  ["ssm", "DescribeDocument", { Name: "d" }, ["ssm:DescribeDocument"]],
  ["ssm", "DescribeInstanceInformation", {}, ["ssm:DescribeInstanceInformation"]],
  ["ssm", "GetCommandInvocation", {}, ["ssm:GetCommandInvocation"]],
  ["ssm", "ListCommandInvocations", {}, ["ssm:ListCommandInvocations"]],
  ["ssm", "DeleteParameter", { Name: "/a/b" }, ["ssm:DeleteParameter"]],
  ["ssm", "CancelCommand", {}, ["ssm:CancelCommand"]],
  [
    "ssm",
    "SendCommand",
    { DocumentName: "d", InstanceIds: [INSTANCE] },
    ["ssm:SendCommand", "ssm:SendCommand"],
  ],
  ["ssm", "GetParameter", { Name: "/a/b" }, ["ssm:GetParameter"]],
  ["ssm", "GetParameter", { Name: "/a/b", WithDecryption: true }, ["ssm:GetParameter", "kms:Decrypt"]],
  ["ssm", "GetParameterHistory", { Name: "/a/b" }, ["ssm:GetParameterHistory"]],
  [
    "ssm",
    "GetParameterHistory",
    { Name: "/a/b", WithDecryption: true },
    ["ssm:GetParameterHistory", "kms:Decrypt"],
  ],
  ["ssm", "PutParameter", { Name: "/a/b" }, ["ssm:PutParameter"]],
  ["ssm", "PutParameter", { Name: "/a/b", Type: "SecureString" }, ["ssm:PutParameter", "kms:Encrypt"]],
  ["lambda", "Invoke", { FunctionName: "f", Qualifier: "durable" }, ["lambda:InvokeFunction"]],
  [
    "lambda",
    "ListDurableExecutionsByFunction",
    { FunctionName: "f" },
    ["lambda:ListDurableExecutionsByFunction"],
  ],
  [
    "lambda",
    "CheckpointDurableExecution",
    { DurableExecutionArn: EXECUTION },
    ["lambda:CheckpointDurableExecution"],
  ],
  ...["GetDurableExecutionState", "GetDurableExecution", "GetDurableExecutionHistory"].map(
    (operation): [string, string, object, string[]] => [
      "lambda",
      operation,
      { DurableExecutionArn: EXECUTION },
      [`lambda:${operation}`],
    ],
  ),
  ["ecr", "GetAuthorizationToken", {}, ["ecr:GetAuthorizationToken"]],
  ...[
    "DescribeImages",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
    "BatchCheckLayerAvailability",
    "ListImages",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
  ].map((operation): [string, string, object, string[]] => [
    "ecr",
    operation,
    { repositoryName: "hive-web" },
    [`ecr:${operation}`],
  ]),
  [
    "events",
    "PutEvents",
    { Entries: [{ Source: "hive-swarm", DetailType: "Service Roll Finished" }, { Source: "x" }] },
    ["events:PutEvents", "events:PutEvents"],
  ],
  ["s3", "GetObject", { Bucket: "bucket", Key: "hive/swarm/one.tar.gz" }, ["s3:GetObject"]],
  ["s3", "PutObject", { Bucket: "bucket", Key: "hive/i-0/1-2/0-9" }, ["s3:PutObject"]],
  ["sts", "GetCallerIdentity", {}, []],
];

/** What the role of `function:f` allows. */
const accessWith = (...statements: PolicyStatement[]) => {
  const role: RoleDefinition = {
    logicalId: "Role",
    name: "the-role",
    arn: "arn:aws:iam::123456789012:role/the-role",
    policies: [{ name: "policy", statements }],
    managedPolicyArns: [],
  };
  const worker = {
    ...role,
    logicalId: "WorkerInstanceRole",
    name: "worker-role",
    arn: `${role.arn}-of-workers`,
  };
  const template = {
    stackName: "stack",
    roles: [role, worker],
    groups: [
      {
        logicalId: "G",
        name: "g",
        min: 0,
        max: 1,
        desired: 0,
        loadBalancerNames: [],
        hooks: [],
        terminateHookAbandon: "retain",
        tags: {},
        roleArn: worker.arn,
      } as const,
    ],
    functions: [
      {
        logicalId: "F",
        name: "stack-f",
        arn: "arn:aws:lambda:ap-northeast-1:123456789012:function:stack-f",
        handler: "f.handler",
        timeoutSeconds: 3,
        memoryMegabytes: 128,
        environment: {},
        roleArn: role.arn,
        aliases: {},
        maximumRetryAttempts: 2,
        maximumEventAgeSeconds: 3600,
      },
    ],
  };
  return createAccess({ template, account, facts });
};
const call = (service: string, operation: string, input: object, principal = "function:stack-f") => ({
  service,
  operation,
  input,
  caller: { ...OPERATOR, principal },
});

describe("the permissions of a call", () => {
  it.each(calls)("%s %s %j", async (service, operation, input, permissions) => {
    const requests = requestsOf({ service, operation, input }, surroundings);
    expect(requests.map(({ action }) => action)).toEqual(permissions);
    for (const request of requests) {
      const principal = {
        arn: "arn:aws:sts::123456789012:assumed-role/r/s",
        account: account.id,
        region: account.region,
      };
      const everything = [{ Effect: "Allow", Action: "*", Resource: "*" }];
      const result = await runSimulation(simulationOf(everything, request, principal), {});
      // The action exists, the resource is of a kind that it takes, and it knows every condition key.
      if (result.resultType !== "single") throw new Error(`${request.action}: ${JSON.stringify(result)}`);
      // (The engine does not see that `kms:EncryptionContext:…` stands for any key of an encryption context.)
      const ignored = result.result.ignoredContextKeys?.filter(
        (key) => !key.startsWith("kms:EncryptionContext:"),
      );
      expect(ignored).toEqual([]);
    }
  });

  it("are known for every call that a function or a document makes", () => {
    const source = readdirSync("shared/aws")
      .map((file) => readFileSync(`shared/aws/${file}`, "utf8"))
      .join("\n");
    const commands = [...source.matchAll(/new (\w+)Command\(/g)].map(([, name = ""]) => name);
    const scripts = readdirSync("documents", { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".sh"))
      .map((file) => readFileSync(`documents/${file}`, "utf8"))
      .join("\n");
    const targets = [...scripts.matchAll(/\b(?:AmazonSSM|AmazonEC2ContainerRegistry_V\d+)\.(\w+)/g)].map(
      ([, name = ""]) => name,
    );
    const known = calls.map(([, operation]) => operation);
    expect(commands.length).toBeGreaterThan(10);
    expect(targets.length).toBeGreaterThan(1);
    expect([...commands, ...targets].filter((name) => !known.includes(name))).toEqual([]);
  });

  it("name the region that the call is signed for", () => {
    const resourcesOf = (...[service, operation, input]: [string, string, object]) =>
      requestsOf(
        { service, operation, input },
        { ...surroundings, account: { ...account, region: "us-east-1" } },
      ).map(({ resource }) => resource);
    expect(resourcesOf("ecr", "DescribeImages", { repositoryName: "team/hive-web" })).toEqual([
      "arn:aws:ecr:us-east-1:123456789012:repository/team/hive-web",
    ]);
    expect(
      resourcesOf("events", "PutEvents", { Entries: [{}, { EventBusName: "x" }, { EventBusName: "arn:y" }] }),
    ).toEqual([
      "arn:aws:events:us-east-1:123456789012:event-bus/default",
      "arn:aws:events:us-east-1:123456789012:event-bus/x",
      "arn:y",
    ]);
  });

  it("are an error of the sandbox where nobody wrote them down; nothing is allowed by silence", () => {
    const access = accessWith({ Effect: "Allow", Action: "*", Resource: "*" });
    expect(() => access.authorize(call("ssm", "LabelParameterVersion", {}))).toThrow(
      "The sandbox does not know which permission ssm LabelParameterVersion needs: add it to sandbox/iam/requests.ts.",
    );
    expect(() => access.authorize(call("kinesis", "toString", {}))).toThrow("kinesis toString");
  });
});

describe("a refusal is worded as the service does", () => {
  const access = accessWith();
  const WHO = "User: arn:aws:sts::123456789012:assumed-role/the-role/stack-f is not authorized to perform: ";
  const because = (action: string) => `because no identity-based policy allows the ${action} action`;
  const refusal = (...[service, operation, input]: [string, string, object]) => {
    try {
      access.authorize(call(service, operation, input));
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    [
      "autoscaling",
      "DescribeAutoScalingGroups",
      {},
      "AccessDenied",
      403,
      `${WHO}autoscaling:DescribeAutoScalingGroups ${because("autoscaling:DescribeAutoScalingGroups")}`,
    ],
    [
      "ssm",
      "CancelCommand",
      {},
      "AccessDeniedException",
      400,
      `${WHO}ssm:CancelCommand on resource: arn:aws:ssm:ap-northeast-1:123456789012:* ${because("ssm:CancelCommand")}`,
    ],
    [
      "lambda",
      "Invoke",
      { FunctionName: "g" },
      "AccessDeniedException",
      403,
      `${WHO}lambda:InvokeFunction on resource: arn:aws:lambda:ap-northeast-1:123456789012:function:g ${because("lambda:InvokeFunction")}`,
    ],
    [
      "s3",
      "PutObject",
      { Bucket: "b", Key: "k" },
      "AccessDenied",
      403,
      `${WHO}s3:PutObject on resource: "arn:aws:s3:::b/k" ${because("s3:PutObject")}`,
    ],
  ])("%s %s", (service, operation, input, code, status, message) => {
    expect(refusal(service, operation, input)).toMatchObject({ code, status, message });
  });

  it("names the region that was asked, and what was asked for there", () => {
    const describe = call("ecr", "DescribeImages", { repositoryName: "hive-web" });
    const caller = { ...describe.caller, region: "us-east-1" };
    expect(() => access.authorize({ ...describe, caller })).toThrow(
      `${WHO}ecr:DescribeImages on resource: arn:aws:ecr:us-east-1:123456789012:repository/hive-web`,
    );
    expect(refusal("events", "PutEvents", { Entries: [{ Source: "hive-swarm" }] })).toMatchObject({
      code: "AccessDeniedException",
      status: 400,
      message: `${WHO}events:PutEvents on resource: arn:aws:events:ap-northeast-1:123456789012:event-bus/default ${because("events:PutEvents")}`,
    });
  });

  it("by an explicit deny says so, whatever else allows it", () => {
    const denying = accessWith(
      { Effect: "Allow", Action: "s3:*", Resource: "*" },
      { Effect: "Deny", Action: "s3:PutObject", Resource: "arn:aws:s3:::b/secret/*" },
    );
    expect(() => denying.authorize(call("s3", "PutObject", { Bucket: "b", Key: "open" }))).not.toThrow();
    expect(() => denying.authorize(call("s3", "PutObject", { Bucket: "b", Key: "secret/x" }))).toThrow(
      "with an explicit deny in an identity-based policy",
    );
  });
});

describe("a role", () => {
  it("that may put events of one source and kind on one bus may put no others", () => {
    const access = accessWith({
      Effect: "Allow",
      Action: "events:PutEvents",
      Resource: "arn:aws:events:ap-northeast-1:123456789012:event-bus/default",
      Condition: {
        StringEquals: { "events:source": "hive-swarm", "events:detail-type": "Service Roll Finished" },
      },
    });
    const put = (...Entries: object[]) => {
      const { caller, ...rest } = call("events", "PutEvents", { Entries });
      return (region?: string) => () =>
        access.authorize({ ...rest, caller: { ...caller, ...(region && { region }) } });
    };
    const own = { Source: "hive-swarm", DetailType: "Service Roll Finished" };
    expect(put(own, own)()).not.toThrow();
    expect(put({ ...own, Source: "another" })()).toThrow("is not authorized");
    expect(put(own, { ...own, DetailType: "Another" })()).toThrow("is not authorized");
    expect(put({ ...own, EventBusName: "another" })()).toThrow("is not authorized");
    expect(put(own)("us-east-1")).toThrow("is not authorized");
  });

  it("that may describe a repository of one region may not in another", () => {
    const access = accessWith({
      Effect: "Allow",
      Action: "ecr:DescribeImages",
      Resource: "arn:aws:ecr:us-east-1:123456789012:repository/hive-*",
    });
    const describe = (repositoryName: string, region: string) => () => {
      const { caller, ...rest } = call("ecr", "DescribeImages", { repositoryName });
      access.authorize({ ...rest, caller: { ...caller, region } });
    };
    expect(describe("hive-web", "us-east-1")).not.toThrow();
    expect(describe("hive-web", "ap-northeast-1")).toThrow("is not authorized");
    expect(describe("other-app", "us-east-1")).toThrow("is not authorized");
  });
});

describe("callers", () => {
  const access = accessWith({ Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" });

  it("people may do everything, also what is in no table", () => {
    expect(() => access.authorize(call("ssm", "LabelParameterVersion", {}, "operator"))).not.toThrow();
  });

  it("instances act with the role of their group; unknown ones and unknown principals are errors", () => {
    expect(() =>
      access.authorize(call("ecr", "GetAuthorizationToken", {}, `instance:${INSTANCE}`)),
    ).not.toThrow();
    expect(() => access.authorize(call("s3", "PutObject", {}, `instance:${INSTANCE}`))).toThrow(
      `assumed-role/worker-role/${INSTANCE}`,
    );
    expect(() => access.authorize(call("s3", "PutObject", {}, "instance:i-0f"))).toThrow("is in no group");
    expect(() => access.authorize(call("s3", "PutObject", {}, "somebody"))).toThrow(
      "does not know what somebody is",
    );
  });

  it("what they use of their permissions is recorded, and what they were refused", () => {
    const { used, refused, unused } = access.report();
    expect(used).toMatchObject([
      { role: "WorkerInstanceRole", action: "ecr:GetAuthorizationToken", times: 1 },
    ]);
    expect(unused).toMatchObject([{ role: "Role", action: "ecr:GetAuthorizationToken" }]);
    expect(refused).toEqual([
      {
        role: "WorkerInstanceRole",
        action: "s3:PutObject",
        resource: "arn:aws:s3:::/",
        call: "s3 PutObject",
      },
    ]);
  });
});
