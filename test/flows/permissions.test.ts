// IAM in force on the models of AWS: with its roles an instance lives and goes, and an image is rolled, as without; and no role holds a
// permission that nobody needs. Without one permission it is seen where that is missing: permissions-join, -retire, -cluster.
import { accepted } from "../../sandbox/iam/accepted.ts";
import type { Permission } from "../../sandbox/iam/grants.ts";
import { matches } from "../../sandbox/iam/unused.ts";
import { endings } from "./permission-endings.ts";
import {
  backupEnding,
  ending,
  planEnding,
  rollEnding,
  type Scene,
  type SceneName,
  scenes,
} from "./permission-scenes.ts";
import { permissionWorld } from "./permission-world.ts";
import { rollProblems } from "./rolls.ts";
import { FIRST, hastened, sceneOf, short, TOGETHER } from "./without-permission.ts";
import { problemsOf } from "./world.ts";

hastened();

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
  it("each role is in one of the files", () =>
    expect(Object.values(TOGETHER).flat().sort()).toEqual(Object.keys(endings).sort()));
});
