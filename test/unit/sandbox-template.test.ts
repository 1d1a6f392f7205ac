// The packaged CloudFormation template (trimmed: as osls 4.3 wrote it), read into what the sandbox runs.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are CloudFormation's, not JavaScript's.

import { readFileSync } from "node:fs";
import { createResolver } from "../../sandbox/template/intrinsics.ts";
import { parseTemplate } from "../../sandbox/template/template.ts";
import { parseYamlTemplate } from "../../sandbox/template/yaml.ts";
import { validateTemplate } from "../../scripts/validate-template.ts";

const fixture: unknown = JSON.parse(
  readFileSync(new URL("./fixtures/packaged-template.json", import.meta.url), "utf8"),
);
const environment = { account: "123456789012", region: "ap-northeast-1", stackName: "hive-swarm-dev" };
const template = parseTemplate(fixture, environment);
const deadLetters = "arn:aws:sqs:ap-northeast-1:123456789012:hive-swarm-dev-DeadLetters";

describe("the packaged template", () => {
  it("gives ordinary functions with their settings of asynchronous invocation", () => {
    expect(template.functions.find(({ name }) => name === "hive-swarm-dev-dispatch")).toEqual({
      logicalId: "DispatchLambdaFunction",
      name: "hive-swarm-dev-dispatch",
      arn: "arn:aws:lambda:ap-northeast-1:123456789012:function:hive-swarm-dev-dispatch",
      handler: "dist/dispatch.handler",
      timeoutSeconds: 30,
      memoryMegabytes: 256,
      environment: {
        JOIN_FUNCTION: "hive-swarm-dev-join-node:durable",
        RETIRE_FUNCTION:
          "arn:aws:lambda:ap-northeast-1:123456789012:function:hive-swarm-dev-retire-node:durable",
      },
      roleArn: "arn:aws:iam::123456789012:role/hive-swarm-dev-DispatchRole",
      aliases: {},
      maximumRetryAttempts: 2,
      maximumEventAgeSeconds: 3600,
      onFailureArn: deadLetters,
    });
  });

  it("gives durable functions with their alias and dead-letter queue", () => {
    expect(template.functions.find(({ name }) => name === "hive-swarm-dev-join-node")).toMatchObject({
      durable: { executionTimeoutSeconds: 172_800, retentionDays: 7 },
      aliases: { durable: "1" },
      deadLetterArn: deadLetters,
      maximumRetryAttempts: 2,
    });
  });

  it("gives rules with pattern, target, retry policy and dead-letter queue", () => {
    expect(template.rules).toHaveLength(2);
    expect(template.rules[0]).toEqual({
      name: "hive-swarm-dev-dispatch-rule-1",
      arn: "arn:aws:events:ap-northeast-1:123456789012:rule/hive-swarm-dev-dispatch-rule-1",
      enabled: true,
      pattern: {
        source: ["aws.autoscaling"],
        "detail-type": ["EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action"],
        detail: { AutoScalingGroupName: ["hive-workers"] },
      },
      targets: [
        {
          id: "hive-swarm-dev-dispatch-rule-1-target",
          arn: "arn:aws:lambda:ap-northeast-1:123456789012:function:hive-swarm-dev-dispatch",
          maximumRetryAttempts: 10,
          maximumEventAgeSeconds: 3600,
          deadLetterArn: deadLetters,
        },
      ],
    });
  });

  it("gives documents with the stack's prefix and the script as it was written", () => {
    const [document] = template.documents;
    expect(document?.name).toBe("hive-swarm-dev-join-worker");
    expect(document?.content.parameters?.managerAddress).toMatchObject({ interpolationType: "ENV_VAR" });
    // Nothing in a script is for CloudFormation to resolve, whatever it looks like.
    expect(document?.content.mainSteps[0]?.inputs.runCommand.join("\n")).toContain("${AWS::Region}");
  });

  it("gives queues, and roles with their policies resolved", () => {
    expect(template.queues).toEqual([
      { logicalId: "DeadLetters", name: "hive-swarm-dev-DeadLetters", arn: deadLetters },
    ]);
    const role = template.roles.find(({ logicalId }) => logicalId === "JoinNodeRole");
    expect(role?.policies[0]?.statements).toContainEqual({
      Effect: "Allow",
      Action: "ssm:SendCommand",
      Resource: ["arn:aws:ssm:ap-northeast-1:123456789012:document/hive-swarm-dev-join-worker"],
    });
  });
});

describe("references", () => {
  const parse = (Resources: object) => parseTemplate({ Resources }, environment);
  const functionWith = (value: unknown) => ({
    F: {
      Type: "AWS::Lambda::Function",
      Properties: { FunctionName: "f", Role: "r", Handler: "h", Environment: { Variables: { X: value } } },
    },
    Q: { Type: "AWS::SQS::Queue", Properties: { QueueName: "q" } },
  });
  const resolved = (value: unknown) => parse(functionWith(value)).functions[0]?.environment.X;

  it.each([
    [{ "Fn::Sub": "${Q.QueueName} in ${AWS::Region} costs ${!Price}" }, "q in ap-northeast-1 costs ${Price}"],
    [
      { "Fn::Sub": ["${A}-${Q}", { A: { Ref: "AWS::StackName" } }] },
      "hive-swarm-dev-https://sqs.ap-northeast-1.amazonaws.com/123456789012/q",
    ],
    [
      { "Fn::Join": [":", ["a", { "Fn::GetAtt": ["Q", "Arn"] }]] },
      "a:arn:aws:sqs:ap-northeast-1:123456789012:q",
    ],
    [{ "Fn::Select": [1, ["a", { Ref: "AWS::AccountId" }]] }, "123456789012"],
  ])("%j is resolved as CloudFormation does", (value, expected) => {
    expect(resolved(value)).toBe(expected);
  });

  it("that depend on conditions made of others are resolved by all of them", () => {
    const not = { "Fn::Not": [{ Condition: "Second" }] };
    const made = (First: string, Second: string) => ({
      First: { "Fn::Equals": [First, "yes"] },
      Second: { "Fn::Equals": [Second, "yes"] },
      Both: { "Fn::And": [{ Condition: "First" }, { Condition: "Second" }] },
      Either: { "Fn::Or": [{ Condition: "First" }, { Condition: "Second" }] },
      FirstAlone: { "Fn::And": [{ Condition: "First" }, not] },
    });
    const chosen = (first: string, second: string) =>
      ["Both", "Either", "FirstAlone"].filter(
        (name) =>
          createResolver({}, environment, made(first, second)).resolve({ "Fn::If": [name, "y", "n"] }) ===
          "y",
      );
    expect(chosen("yes", "yes")).toEqual(["Both", "Either"]);
    expect(chosen("yes", "no")).toEqual(["Either", "FirstAlone"]);
    expect(chosen("no", "yes")).toEqual(["Either"]);
    expect(chosen("no", "no")).toEqual([]);
  });

  it("that depend on a condition are resolved by it", () => {
    const value = { "Fn::If": ["Named", { Ref: "Name" }, { Ref: "AWS::AccountId" }] };
    const named = (Name: string) =>
      parseTemplate(
        {
          Parameters: { Name: { Type: "String", Default: "" } },
          Conditions: { Named: { "Fn::Not": [{ "Fn::Equals": [{ Ref: "Name" }, ""] }] } },
          Resources: functionWith(value),
        },
        { ...environment, parameters: { Name } },
      ).functions[0]?.environment.X;
    expect(named("hive")).toBe("hive");
    expect(named("")).toBe("123456789012");
    expect(() => resolved(value)).toThrow("asks for the condition Named");
  });

  it("that name nothing, or are of a kind that is not known, are errors", () => {
    expect(() => resolved({ Ref: "Nobody" })).toThrow("refers to Nobody");
    expect(() => resolved({ "Fn::ImportValue": "x" })).toThrow("does not resolve Fn::ImportValue");
  });
});

describe("a template as people write it", () => {
  it("is read into the long forms of its references", () => {
    const text = `
      a: !Ref Queue
      b: !GetAtt Queue.Arn
      c: !GetAtt [Queue, Arn]
      d: !Sub "\${Queue}"
      e: !Join ["-", [!Ref A, !Select [0, !Split [".", !Ref B]]]]
      f: !If [Named, !Not [!Equals [!Ref A, ""]], { wildcard: !Ref B }]
      g: &again !Sub
        - x\${Y}
        - Y: !Ref A
      h: *again`;
    const a = { Ref: "A" };
    const b = { Ref: "B" };
    expect(parseYamlTemplate(text)).toEqual({
      a: { Ref: "Queue" },
      b: { "Fn::GetAtt": ["Queue", "Arn"] },
      c: { "Fn::GetAtt": ["Queue", "Arn"] },
      d: { "Fn::Sub": "${Queue}" },
      e: { "Fn::Join": ["-", [a, { "Fn::Select": [0, { "Fn::Split": [".", b] }] }]] },
      f: { "Fn::If": ["Named", { "Fn::Not": [{ "Fn::Equals": [a, ""] }] }, { wildcard: b }] },
      g: { "Fn::Sub": ["x${Y}", { Y: a }] },
      h: { "Fn::Sub": ["x${Y}", { Y: a }] },
    });
  });

  it("for the registry's region is one that CloudFormation takes", async () => {
    const text = readFileSync("cluster/registry-events.yml", "utf8");
    const problems = (written: string) =>
      validateTemplate(parseYamlTemplate(written) as Parameters<typeof validateTemplate>[0]);
    expect(await problems(text)).toEqual([]);
    expect(await problems(text.replace("RoleArn:", "Role:"))).toEqual([
      expect.stringMatching(/^Pushes\.Targets.*Role: unknown property$/),
    ]);
    expect(await problems(text.replace("!GetAtt ForwardRole.Arn", "!GetAtt Forward.Arn"))).toEqual([
      "Fn::GetAtt Forward: there is no such resource",
    ]);
    expect(await problems(text.replaceAll("- Account:", "- Owner:"))).toContain(
      "Fn::Sub Account: there is no such resource",
    );
  });
});
