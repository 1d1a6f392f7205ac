// `hive-swarm status` and `hive-swarm plan` on the real flow: what a person sees, what a program reads, and how they end.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { hiveSwarm } from "./command-tool.ts";
import { rollingWorld } from "./rolls.ts";
import type { TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

/** Drained by hand: the first worker. */
const drained = (world: TestWorld): string => {
  const id = world.members()[0]?.id ?? "";
  const [node] = world.machines.swarm.nodesOfInstance(id);
  if (node) world.machines.swarm.updateNode(node.id, node.version, { ...node, availability: "drain" });
  return id;
};

describe("plan", () => {
  it("of a cluster in which all is well says so, and ends with 0", async () => {
    const world = await rollingWorld();
    const { code, stdout, stderr } = await hiveSwarm(world, "plan");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^Cluster hive in ap-northeast-1 at 2026-01-01T00:\d\d:\d\d\.\d{3}Z\n\nNothing to do\.\n$/,
    );
  });

  it("shows what there is to do with reason, risk and fact, and ends with 1", async () => {
    const world = await rollingWorld();
    const id = drained(world);
    const { code, stdout } = await hiveSwarm(world, "plan");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Action +On +Risk +Fact +Reason$/m);
    expect(stdout).toMatch(new RegExp(`^activate-node +${id} +person +D\\d+ +\\S.*$`, "m"));
    expect(stdout).toMatch(/^1 to do, 0 of them safe\. Nothing was changed: this is a plan\.$/m);
  });

  it("says what could not be read and why nothing may be done, and ends with 1", async () => {
    const world = await rollingWorld();
    for (const manager of world.managers()) world.machines.freeze(manager);
    const { code, stdout } = await hiveSwarm(world, "plan");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Held, .*\n {2}no manager answers \(/m);
    expect(stdout).toMatch(/^Not judged, .*\n {2}swarm: survey cluster: /m);
    expect(stdout).toContain("Nothing to do in what could be read.");
  });

  it("is one JSON document with --json", async () => {
    const world = await rollingWorld();
    const instanceId = drained(world);
    const { code, stdout } = await hiveSwarm(world, "plan", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      cluster: "hive",
      region: "ap-northeast-1",
      plan: { holds: [], unknown: [], actions: [{ kind: "activate-node", instanceId, risk: "person" }] },
    });
  });
});

describe("status", () => {
  it("shows a table for each part", async () => {
    const world = await rollingWorld();
    const id = drained(world);
    const { code, stdout, stderr } = await hiveSwarm(world, "status");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^hive-workers +worker +3 +3 InService$/m);
    expect(stdout).toMatch(
      new RegExp(`^${id} +hive-workers +InService +healthy +online +ready drain +out-of-service$`, "m"),
    );
    expect(stdout).toMatch(new RegExp(`^\\S+ +${id} +10\\.78\\.0\\.\\d+ +worker +ready +drain +\\d$`, "m"));
    expect(stdout).toMatch(/ leader +ready /);
    expect(stdout).toMatch(/^Load balancer \(its group registers and deregisters\)$/m);
    expect(stdout).toMatch(/^hive +replicated +10 +\d +aaaaaaaaaaaa +none +-$/m);
    expect(stdout).toMatch(/^hive-tomcat +1\.4\.1 +2026-01-01 00:00 UTC$/m);
    expect(stdout).toMatch(/^Flows under way\n {2}none$/m);
  });

  it("tells what is unknown from what is not there", async () => {
    const world = await rollingWorld();
    for (const manager of world.managers()) world.machines.freeze(manager);
    await world.desire(4);
    await world.after(60);
    const { code, stdout } = await hiveSwarm(world, "status");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Nodes\n {2}unknown: survey cluster: /m);
    expect(stdout).toMatch(/^i-\w+ +hive-workers +InService +healthy +online +unknown +in-service$/m);
    expect(stdout).toMatch(/^i-\w+ +hive-workers +Pending:Wait +healthy +online +unknown +none$/m);
    expect(stdout).toMatch(/^join-i-\w+-0 +2026-01-01 00:\d\d UTC$/m);
  });

  it("is the whole snapshot with --json", async () => {
    const world = await rollingWorld();
    const { stdout } = await hiveSwarm(world, "status", "--json");
    const { snapshot } = JSON.parse(stdout) as { snapshot: Record<string, unknown> };
    expect(snapshot).toMatchObject({
      members: { known: true },
      agents: { known: true },
      swarm: { known: true },
      balancer: { known: true, value: { attached: true } },
      flows: { known: true, value: [] },
      newest: { known: true },
    });
  });
});
