// IAM in force on the models of AWS: with its roles an instance lives and goes, and an image is rolled, as without; without one
// permission it is seen where that is missing; and no role holds a permission that nobody needs.
import { accepted } from "../../sandbox/iam/accepted.ts";
import type { Grant, Permission } from "../../sandbox/iam/grants.ts";
import { matches } from "../../sandbox/iam/unused.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { type Expected, endings } from "./permission-endings.ts";
import {
  backupEnding,
  ending,
  planEnding,
  REFUSAL,
  repairEnding,
  rollEnding,
  type Scene,
  type SceneName,
  scenes,
} from "./permission-scenes.ts";
import { type PermissionWorld, permissionWorld } from "./permission-world.ts";
import { ends, pushed, rollProblems, running } from "./rolls.ts";
import { problemsOf } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const sceneOf = (name: SceneName): Scene => scenes[name];
const FIRST: Readonly<Record<Expected["flow"], SceneName>> = {
  join: "the group owns the load balancer",
  retire: "the group owns the load balancer",
  roll: "an image is rolled",
  plan: "the cluster is looked at",
  repair: "the cluster is repaired",
  backup: "the swarm's state is saved",
};

/** The functions by their roles. */
const FUNCTIONS = {
  DispatchRole: "dispatch",
  JoinNodeRole: "join-node",
  RetireNodeRole: "retire-node",
  RollServiceRole: "roll-service",
  PlanRole: "plan",
  RepairRole: "repair",
  BackupRole: "backup-swarm",
};

/** `function:hive-swarm-dev-join-node:durable`, `*`: the resource without partition, service, region and account. */
const short = ({ action, resource }: Pick<Grant, "action" | "resource">): string =>
  `${action} on ${resource.replace(/^arn:aws:[^:]*:[^:]*:[^:]*:/, "")}`;

const endOf = (world: PermissionWorld, flow: Expected["flow"], id: string): string => {
  if (flow === "plan") return planEnding(world);
  if (flow === "repair") return repairEnding(world);
  if (flow === "backup") return backupEnding(world);
  return flow === "roll" ? rollEnding(world) : ending(world, id, flow);
};

/** With a reason, as for the whole run (docs/testing.md, "Permissions"). */
const isAccepted = (unused: Omit<Permission, "condition">): boolean =>
  accepted.unused.some((entry) => matches(entry, { ...unused, condition: "" }));

describe("with the roles of the packaged template", () => {
  it.each<[SceneName, string, string]>([
    [FIRST.join, "joined (in service)", "retired (shipped)"],
    ["the flows own the load balancer", "joined (in service)", "retired (shipped)"],
    ["logs are rescued", "joined (in service)", "retired (rescued)"],
  ])("an instance joins and retires without one refusal: %s", async (name, joined, retired) => {
    const { options, run } = sceneOf(name);
    const world = await permissionWorld(options);
    const id = await run(world);
    await world.desire(0);
    await world.rest();
    expect(world.access.report().refused).toEqual([]);
    expect(ending(world, id, "join")).toBe(`${joined}; hook CONTINUE by call`);
    expect(ending(world, id, "retire")).toBe(`${retired}; hook CONTINUE by call`);
    expect(problemsOf(world, { unshipped: name === "logs are rescued" ? [id] : [] })).toEqual([]);
  });

  it.each<[SceneName, string]>([
    ["an image is rolled", "SUCCEEDED; roll converged; runs 3b"],
    ["an image that starts slowly is rolled", "SUCCEEDED; roll converged; runs 3b"],
    ["an image that exits is rolled back", "SUCCEEDED; roll rolled back (start-failed); runs 3a"],
    ["a manager stops while a roll begins", "SUCCEEDED; roll converged; runs 3b"],
  ])("without one refusal %s", async (name, expected) => {
    const { options, run } = sceneOf(name);
    const world = await permissionWorld(options);
    await run(world);
    expect(world.access.report().refused).toEqual([]);
    expect(rollEnding(world)).toBe(expected);
    expect(rollProblems(world)).toEqual([]);
  });

  it("the cluster is looked at without one refusal, and nothing is changed", async () => {
    const { options, run } = sceneOf(FIRST.plan);
    const world = await permissionWorld(options);
    await run(world);
    expect(world.access.report().refused).toEqual([]);
    expect(planEnding(world)).toBe("SUCCEEDED; unknown: nothing");
  });

  it.each<[SceneName, string]>([
    ["the swarm's state is saved", "SUCCEEDED; saved (stopped)"],
    ["a manager dies while its state is saved", "SUCCEEDED; saved (running)"],
  ])("without one refusal %s", async (name, expected) => {
    const { options, run } = sceneOf(name);
    const world = await permissionWorld(options);
    await run(world);
    expect(world.access.report().refused).toEqual([]);
    expect(backupEnding(world)).toBe(expected);
  });

  it("every permission is used in some scene, but for those that are accepted with a reason", async () => {
    const used = new Set<string>();
    const unused = new Map<string, Omit<Permission, "condition">>();
    for (const { options, run } of Object.values<Scene>(scenes)) {
      const world = await permissionWorld(options);
      world.access.checkDeployment();
      await run(world);
      const report = world.access.report();
      expect(report.refused).toEqual([]);
      for (const one of report.used) used.add(`${one.role} ${short(one)}`);
      for (const one of report.unused) unused.set(`${one.role} ${short(one)}`, one);
    }
    const never = [...unused].filter(([name]) => !used.has(name));
    expect(never.flatMap(([name, one]) => (isAccepted(one) ? [] : [name]))).toEqual([]);
    // Of each kind that is accepted: otherwise this looks at nothing.
    expect(never.length).toBeGreaterThan(50);
    const expected = Object.entries(endings).flatMap(([role, rows]) =>
      Object.keys(rows).map((row) => `${role} ${row}`),
    );
    const judged = [...used].filter((name) => !name.includes("sqs:SendMessage"));
    expect(judged.sort()).toEqual(expected.sort());
  });
});

describe("without one permission", () => {
  const rows = Object.entries(endings).flatMap(([role, perRole]) =>
    Object.entries(perRole).flatMap(([row, expected]) =>
      [expected]
        .flat()
        .map((one): [string, string, Expected["flow"], Expected] => [role, row, one.flow, one]),
    ),
  );
  const lacks = (role: string, row: string) => (grant: Grant) => grant.role === role && short(grant) === row;

  /** Everything that a person would find afterwards. */
  const told = (world: PermissionWorld): string =>
    JSON.stringify([
      world.log.map(({ fields }) => fields),
      world.executions().map(({ error, result }) => [error, result]),
      world.letters,
    ]);

  it.each(rows)("%s %s: %s", async (role, row, flow, { scene = FIRST[flow], ends: expected }) => {
    const { options, run } = sceneOf(scene);
    const world = await permissionWorld(options, lacks(role, row));
    const id = await run(world);
    const { refused } = world.access.report();
    const [action = ""] = row.split(" on ");
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused.map((one) => `${one.role} ${one.action}`))).toEqual(
      new Set([`${role} ${action}`]),
    );
    expect(endOf(world, flow, id)).toBe(expected);
    expect(told(world)).toMatch(REFUSAL);
    if (action !== "kms:Decrypt") expect(told(world)).toContain(`not authorized to perform: ${action}`);
  });

  it.each(rows.filter(([, , , { ends: expected }]) => expected.includes("marker stays")))(
    "%s %s: what its %s left behind is finished by the next push, once it is there again",
    async (role, row, _flow, { scene = FIRST.roll }) => {
      const { options, run } = sceneOf(scene);
      const world = await permissionWorld(options, lacks(role, row));
      await run(world);
      world.lacking = false;
      pushed(world, "c");
      await world.rest();
      expect(ends(world).at(-1)).toBe("1.4.3 converged");
      expect(running(world)).toEqual({ c: 3 });
      expect(rollProblems(world)).toEqual([]);
    },
  );

  it.each(Object.keys(FUNCTIONS))(
    "%s sqs:SendMessage: Lambda would not even create the function",
    async (role) => {
      const queue = (grant: Grant) => grant.role === role && grant.action === "sqs:SendMessage";
      const world = await permissionWorld({}, queue);
      expect(() => world.access.checkDeployment()).toThrow(
        "The provided execution role does not have permissions to call SendMessage on SQS",
      );
    },
  );
});
