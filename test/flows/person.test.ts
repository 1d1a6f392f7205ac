// What a person needs for the command line tool: the policy of docs/security.md, no less and no more.
import { readFileSync } from "node:fs";
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { accessDenied } from "../../sandbox/iam/denial.ts";
import { decide } from "../../sandbox/iam/evaluate.ts";
import { type Grant, grantsOf } from "../../sandbox/iam/grants.ts";
import { requestsOf } from "../../sandbox/iam/requests.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { sandboxAccount as account } from "../../sandbox/models/account.ts";
import type { PolicyStatement } from "../../sandbox/template/types.ts";
import { hiveSwarm } from "./command-tool.ts";
import { pushed, rolled, serve } from "./rolls.ts";
import { createTestWorld, digest } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const documented = (): PolicyStatement[] => {
  const [, text = ""] =
    /### What a person needs.*?```json\n(.*?)```/s.exec(readFileSync("docs/security.md", "utf8")) ?? [];
  const here = text.replaceAll("REGION", account.region).replaceAll("ACCOUNT", account.id);
  return (JSON.parse(here) as { Statement: PolicyStatement[] }).Statement;
};
const grants = grantsOf({
  logicalId: "Person",
  name: "person",
  arn: `arn:aws:iam::${account.id}:role/person`,
  managedPolicyArns: [],
  policies: [{ name: "hive-swarm", statements: documented() }],
});
const principal = {
  arn: `arn:aws:sts::${account.id}:assumed-role/person/somebody`,
  account: account.id,
  region: account.region,
};

/** The tool calls as the operator, who may do everything elsewhere. */
const judging =
  (held: readonly Grant[], used: Set<string>): Interceptor =>
  async (call, next) => {
    if (call.caller.principal !== "operator") return await next(call);
    const facts = { instance: () => undefined, byTag: () => [] };
    for (const request of requestsOf(call, { account, facts })) {
      const decision = decide(held, request, principal);
      if (!decision.allowed) throw accessDenied(request, principal.arn, decision.explicitly, account);
      used.add(request.action);
    }
    return await next(call);
  };

/** 1.4.2 was rolled to, 1.4.3 was pushed and nobody told, and a roll of another repository is under way. */
const personIn = async (held: readonly Grant[]) => {
  const used = new Set<string>();
  const world = await createTestWorld({ interceptors: [judging(held, used)] });
  await serve(world, 2);
  pushed(world, "b");
  await rolled(world);
  world.registry.announces = false;
  pushed(world, "c");
  world.registry.announces = true;
  world.registry.push({ repository: "hive-other", digest: digest("e"), tag: "1.0.0" });
  await world.until(() => world.executions().some(({ status }) => status === "RUNNING"));
  return { world, used };
};

/** The statements of each, counted from 0: as the table above the policy has them. */
const commands: [words: string[], statements: number[]][] = [
  [["status"], [0, 1, 3]],
  [["plan"], [0, 1, 3]],
  [
    ["roll", "hive-tomcat:1.4.3"],
    [0, 1, 2],
  ],
  [
    ["rollback", "hive"],
    [0, 1, 2, 3, 4],
  ],
  [["history", "hive"], [4]],
];
const of = (statements: readonly number[]) =>
  grants.filter(({ statement }) => statements.includes(statement));

it.each(commands)(
  "hive-swarm %j uses the statements %j of the policy, each of them",
  async (words, statements) => {
    const { world, used } = await personIn(of(statements));
    expect(await hiveSwarm(world, ...words)).toMatchObject({ code: 0, stderr: "" });
    expect([...used].sort()).toEqual([...new Set(of(statements).map(({ action }) => action))].sort());
  },
);

const withoutOne = commands.flatMap(([words, statements]) =>
  statements.map((statement): [string[], string, number] => [
    words,
    of([statement])[0]?.action ?? "",
    statement,
  ]),
);
it.each(withoutOne)(
  "hive-swarm %j without %s ends with 3, and says what is missing",
  async (words, action, statement) => {
    const { world } = await personIn(grants.filter((grant) => grant.statement !== statement));
    const { code, stderr } = await hiveSwarm(world, ...words);
    expect(code).toBe(3);
    expect(stderr).toContain(`not authorized to perform: ${action}`);
    expect(stderr).toMatch(new RegExp(`^You need the permission ${action} on \\S+\\.$`, "m"));
  },
);
