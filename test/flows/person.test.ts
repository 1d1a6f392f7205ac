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
import { byHand, oneOf } from "./drift.ts";
import { pushed, rolled, serve } from "./rolls.ts";
import { createTestWorld, digest, PAUSE, type TestWorld, WORKERS } from "./world.ts";

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

const worker = { role: "worker" as const, group: WORKERS, tags: {} };

/** The tool calls as the operator, who may do everything elsewhere. */
const judging =
  (held: readonly Grant[], used: Set<string>): Interceptor =>
  async (call, next) => {
    if (call.caller.principal !== "operator") return await next(call);
    const facts = { instance: () => worker, byTag: () => [] };
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

type Prepare = (world: TestWorld) => Promise<void> | void;
const asItIs: Prepare = () => {};

/** Of a worker that waits for its logs. */
const retiring: Prepare = async (world) => {
  const id = oneOf(world);
  world.machines.host(id).logs.block();
  world.terminate(id, false);
  await world.after(120);
};

/** `WORKER` stands for an instance; the statements of each are counted from 0, as the table above the policy counts from 1. */
const commands: [words: string[], statements: number[], prepare?: Prepare][] = [
  [["explain", "WORKER"], [0, 1, 2, 3, 5, 6], retiring],
  [["repair", "--apply"], [0, 1, 2, 3], (world) => byHand(world, oneOf(world), { labels: {} })],
  [
    ["retire", "WORKER", "--apply"],
    [0, 1, 2, 3, 5, 7],
  ],
  [
    ["pause", "--why", "a test"],
    [1, 8],
  ],
  [["resume"], [9], (world) => world.putParameter(PAUSE, "off")],
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
const about = (world: TestWorld, words: readonly string[]): string[] =>
  words.map((word) => (word === "WORKER" ? oneOf(world) : word));
const of = (statements: readonly number[]) =>
  grants.filter(({ statement }) => statements.includes(statement));

it.each(commands)(
  "hive-swarm %j uses the statements %j of the policy, each of them",
  async (words, statements, prepare = asItIs) => {
    const { world, used } = await personIn(of(statements));
    await prepare(world);
    expect(await hiveSwarm(world, ...about(world, words))).toMatchObject({ code: 0, stderr: "" });
    expect([...used].sort()).toEqual([...new Set(of(statements).map(({ action }) => action))].sort());
  },
);

const withoutOne = commands.flatMap(([words, statements, prepare = asItIs]) =>
  statements.map((statement): [string[], string, number, Prepare] => [
    words,
    of([statement])[0]?.action ?? "",
    statement,
    prepare,
  ]),
);
it.each(withoutOne)(
  "hive-swarm %j without %s ends with 3, and says what is missing",
  async (words, action, statement, prepare) => {
    const { world } = await personIn(grants.filter((grant) => grant.statement !== statement));
    await prepare(world);
    const { code, stderr } = await hiveSwarm(world, ...about(world, words));
    expect(code).toBe(3);
    expect(stderr).toContain(`not authorized to perform: ${action}`);
    expect(stderr).toMatch(new RegExp(`^You need the permission ${action} on \\S+\\.$`, "m"));
  },
);
