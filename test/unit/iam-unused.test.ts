// Least privilege, the other way: what a test run did not need of the roles' permissions.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepted } from "../../sandbox/iam/accepted.ts";
import { createAccess } from "../../sandbox/iam/access.ts";
import { splitCondition } from "../../sandbox/iam/conditions.ts";
import { grantsOf, type Permission, permissionOf } from "../../sandbox/iam/grants.ts";
import { heldPermissions, permissionsIn } from "../../sandbox/iam/held.ts";
import { type AcceptedLists, judgePermissions } from "../../sandbox/iam/unused.ts";
import { shownVerdict } from "../../sandbox/iam/unused-table.ts";
import { readRecords, recorder, type Use } from "../../sandbox/iam/uses.ts";
import { sandboxAccount as account } from "../../sandbox/models/account.ts";
import { parseTemplate } from "../../sandbox/template/template.ts";

const place = { account: account.id, region: account.region, stackName: "stack" };
const none: AcceptedLists = { unused: [], refused: [] };
const permission = (action: string, resource = "*", condition = "", role = "A"): Permission => ({
  role,
  action,
  resource,
  condition,
});
const use = (of: Permission, alone = true): Use => ({ permission: of, alone });
const run = (uses: Use[], refusals: Parameters<typeof judgePermissions>[1]["refusals"] = []) => ({
  uses,
  refusals,
});

const [get, put] = [permission("s3:GetObject", "one"), permission("s3:PutObject", "one")];

describe("a permission", () => {
  it("that a test needed is no row", () => {
    expect(judgePermissions([get], run([use(get)]), none)).toEqual({
      rows: [],
      wrong: [],
      problems: 0,
      permissions: 1,
    });
  });

  it.each<[string, Permission]>([
    ["another resource of the same statement", permission("s3:GetObject", "two")],
    [
      "the same under another value of its condition",
      permission("s3:GetObject", "one", "key StringEquals b"),
    ],
    ["the same of another role", permission("s3:GetObject", "one", "", "B")],
    ["another action of the same statement", put],
  ])("is one by itself: %s", (_what, other) => {
    const verdict = judgePermissions([get, other], run([use(get)]), none);
    expect(verdict).toMatchObject({ rows: [{ permission: other, need: "unused" }], problems: 1 });
    expect(shownVerdict(verdict)).toContain(`unused   ${other.action} on ${other.resource}`);
  });

  it("that allowed only what another one allows too is covered, until it is needed alone", () => {
    const covered = judgePermissions([get, put], run([use(get, false), use(put)]), none);
    expect(covered).toMatchObject({ rows: [{ permission: get, need: "covered" }], problems: 1 });
    expect(
      judgePermissions([get], run([use(get, false), use(get, true), use(get, false)]), none).rows,
    ).toEqual([]);
  });

  it("that is accepted as unused is told with its reason, and is no problem", () => {
    const because = "Nobody writes here.";
    const verdict = judgePermissions([get, put], run([use(get)]), {
      ...none,
      unused: [{ actions: ["s3:Put*"], because }],
    });
    expect(verdict).toMatchObject({ rows: [{ permission: put, because }], problems: 0 });
    expect(shownVerdict(verdict)).toContain(`Accepted: ${because}\n  s3:PutObject: A`);
    expect(shownVerdict(verdict)).toContain(
      "2 permissions; 1 used, 1 not, with a reason, 0 not, without one.",
    );
  });
});

describe("an accepted entry", () => {
  const entry = { actions: ["s3:PutObject"], because: "…" };
  const problems = (held: Permission[], uses: Use[], more: object = {}) =>
    judgePermissions(held, run(uses), { ...none, unused: [{ ...entry, ...more }] }).wrong;

  it("for what is used after all is an error, of many matched ones too", () => {
    const [one, two] = [permission("s3:PutObject", "1"), permission("s3:PutObject", "2")];
    expect(problems([one, two], [use(two)])).toEqual([
      "A: s3:PutObject on 2 is accepted as unused, and it is used.",
    ]);
  });

  it.each([
    ["is gone", [get], {}],
    ["is another role's", [put], { role: "B" }],
    ["is on another resource", [put], { resource: "two*" }],
    ["is under another condition", [put], { condition: "*key*" }],
  ])("for a permission that %s is an error", (_what, held, more) => {
    expect(problems(held, [use(get)], more)[0]).toMatch(/is accepted, and there is no such permission\.$/);
  });

  it("matches word for word but for asterisks", () => {
    const dotted = permission("s3:PutObject", "aXb");
    expect(problems([dotted], [], { resource: "a.b" })).toHaveLength(1);
    expect(problems([dotted], [], { resource: "a*b" })).toEqual([]);
  });
});

describe("a refused call", () => {
  const refusal = { role: "A", action: "s3:PutObject", resource: "two", call: "s3 PutObject" };
  const lists = {
    ...none,
    refused: [{ role: "A", actions: ["s3:PutObject"], resource: "t*", because: "…" }],
  };

  it("is a problem, unless a test makes it to see that", () => {
    expect(judgePermissions([get], run([use(get)], [refusal, refusal]), none).wrong).toEqual([
      "A: s3:PutObject on two was called without a permission (s3 PutObject).",
    ]);
    expect(judgePermissions([get], run([use(get)], [refusal]), lists).problems).toBe(0);
  });

  it("that is to be seen and was not is a problem", () => {
    expect(judgePermissions([get], run([use(get)]), lists).wrong).toEqual([
      "A: s3:PutObject on t* is to be refused in some test, and was not.",
    ]);
  });
});

it("a use of what no role holds is told: then the record is not of this template", () => {
  expect(judgePermissions([get], run([use(get), use(put)]), none).wrong.join()).toContain(
    "in no packaged role",
  );
});

const template = (statements: object[], condition?: string) => ({
  Parameters: { Bucket: { Default: "" } },
  Conditions: { There: { "Fn::Not": [{ "Fn::Equals": [{ Ref: "Bucket" }, ""] }] } },
  Resources: {
    WorkerInstanceRole: { Type: "AWS::IAM::Role", Properties: {} },
    More: {
      Type: "AWS::IAM::Policy",
      ...(condition === undefined ? {} : { Condition: condition }),
      Properties: {
        PolicyName: "more",
        Roles: [{ Ref: "WorkerInstanceRole" }],
        PolicyDocument: { Statement: statements },
      },
    },
  },
});
const ofBucket = {
  Effect: "Allow",
  Action: ["s3:GetObject", "s3:PutObject"],
  Resource: { "Fn::Sub": `arn:aws:s3:::${"$"}{Bucket}/*` },
};

describe("what roles hold", () => {
  it("is each action on each resource, with the parameters by name, also where a condition does not hold", () => {
    const resource = `arn:aws:s3:::${"$"}{Bucket}/*`;
    expect(permissionsIn(template([ofBucket], "There"), place)).toEqual([
      permission("s3:GetObject", resource, "", "WorkerInstanceRole"),
      permission("s3:PutObject", resource, "", "WorkerInstanceRole"),
    ]);
  });

  it("is told alike by a deployment whose parameters have values, which judges by these", () => {
    const { roles } = parseTemplate(template([ofBucket], "There"), { ...place, parameters: { Bucket: "b" } });
    const grants = roles.flatMap(grantsOf);
    expect(grants.map(({ resource }) => resource)).toEqual(["arn:aws:s3:::b/*", "arn:aws:s3:::b/*"]);
    expect(grants.map(permissionOf)).toEqual(permissionsIn(template([ofBucket], "There"), place));
  });

  it("is told alike in each account", () => {
    const Resource = { "Fn::Sub": `arn:aws:sqs:${"$"}{AWS::Region}:${"$"}{AWS::AccountId}:queue` };
    const queue = template([{ Effect: "Allow", Action: "sqs:SendMessage", Resource }]);
    const here = permissionsIn(queue, place);
    expect(here).toMatchObject([{ resource: `arn:aws:sqs:${place.region}:account:queue` }]);
    expect(permissionsIn(queue, { ...place, account: "210987654321" })).toEqual(here);
  });

  it("is one permission for each value of a condition, where one of them is enough", () => {
    const Condition = { StringEquals: { a: ["1", "2"], b: "3" }, ArnLike: { c: ["4", "5"] } };
    expect(splitCondition(Condition)).toHaveLength(4);
    expect(splitCondition({ StringNotEquals: { a: ["1", "2"] } })).toEqual([
      { StringNotEquals: { a: ["1", "2"] } },
    ]);
    expect(splitCondition({ "ForAllValues:StringEquals": { a: ["1", "2"] } })).toHaveLength(1);
    expect(splitCondition(undefined)).toEqual([undefined]);
  });

  it("is accepted or used: each entry of the list is of some permission of the packaged template", () => {
    const held = heldPermissions(".", { ...place, registryRegion: "us-east-1", stackName: "hive-swarm-dev" });
    const { wrong } = judgePermissions(held, run([]), { ...accepted, refused: [] });
    expect(wrong).toEqual([]);
    expect(new Set(held.map(({ role }) => role))).toContain("ForwardRole");
  });
});

describe("the record", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "permissions-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("has each use once, under which value of a condition, and what was refused", () => {
    const Condition = { StringEquals: { "aws:RequestedRegion": ["eu-west-1", account.region] } };
    const statements = [
      { ...ofBucket, Condition },
      { ...ofBucket, Action: "s3:PutObject" },
    ];
    const { roles } = parseTemplate(template(statements), { ...place, parameters: { Bucket: "b" } });
    const facts = { instance: () => ({ group: "workers", tags: {} }), byTag: () => [] };
    const groups = [{ name: "workers", roleArn: roles[0]?.arn ?? "" }];
    const access = createAccess({
      template: { roles, groups, functions: [], stackName: "stack" },
      account,
      facts,
      recorder: recorder(join(directory, "new")),
    });
    const ask = (operation: string, Bucket: string) => () =>
      access.authorize({
        service: "s3",
        operation,
        input: { Bucket, Key: "k" },
        caller: { accessKeyId: "i", principal: "instance:i-0" },
      });
    for (const operation of ["GetObject", "GetObject", "PutObject"]) ask(operation, "b")();
    expect(ask("GetObject", "other")).toThrow("not authorized");
    const { uses, refusals } = readRecords([join(directory, "new"), join(directory, "not-there")]);
    const told = uses.map(({ permission: { action, condition }, alone }) => [action, condition, alone]);
    const here = `aws:RequestedRegion StringEquals ${account.region}`;
    expect(told.sort()).toEqual([
      ["s3:GetObject", here, true],
      ["s3:PutObject", "", false],
      ["s3:PutObject", here, false],
    ]);
    expect(refusals).toEqual([
      {
        role: "WorkerInstanceRole",
        action: "s3:GetObject",
        resource: "arn:aws:s3:::other/k",
        call: "s3 GetObject",
      },
    ]);
  });

  it("is not kept where nobody asks for it, and a line that was cut off is left out", () => {
    recorder("").refused({ role: "A", action: "a:B", resource: "*", call: "a B" });
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(join(directory, "1.jsonl"), '{"refused":{"role":"A"');
    expect(readRecords([directory])).toEqual({ uses: [], refusals: [] });
  });
});
