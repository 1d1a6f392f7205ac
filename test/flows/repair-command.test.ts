// `hive-swarm repair` on the real flows: what it shows, what it asks for, what it follows, and how it ends.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { hiveSwarm } from "./command-tool.ts";
import { byHand, loseEvents, nodeOf, oneOf, served, workersOf } from "./drift.ts";
import { look } from "./plans.ts";
import { repairExecutions } from "./repairs.ts";
import { pushed, rolled, running } from "./rolls.ts";
import { PAUSE, problemsOf, type TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

/** Without the seconds in front, and without signs of life. */
const news = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => /^ +[\d.]+s {2}[^…]/.test(line))
    .map((line) => line.replace(/^ +[\d.]+s {2}/, ""));

/** A launch and a termination whose events nobody heard. */
const lost = async (): Promise<{ world: TestWorld; leaves: string; comes: string }> => {
  const world = await served();
  loseEvents(world);
  const leaves = oneOf(world);
  const before = workersOf(world);
  world.terminate(leaves, false);
  await world.after(120);
  const comes = workersOf(world).find((id) => !before.includes(id)) ?? "";
  return { world, leaves, comes };
};

describe("without --apply", () => {
  it("shows the plan and the command that does it, changes nothing, and ends with 1", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    const { code, stdout, stderr } = await hiveSwarm(world, "repair", "--stage", "dev");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^activate-node +${id} +person +D\\d+ +\\S.*$`, "m"));
    expect(stdout).toMatch(
      /\n\nNothing was changed. To do this one:\n {2}npm run -s hive-swarm -- repair --apply\n$/,
    );
    expect(repairExecutions(world)).toEqual([]);
  });

  it("with --safe leaves what a person has to decide, and says how much that is", async () => {
    const { world } = await lost();
    byHand(world, workersOf(world).at(-2) ?? "", { availability: "drain" });
    const { stdout } = await hiveSwarm(world, "repair", "--safe");
    expect(stdout).toMatch(
      /To do these 2:\n.* repair --apply --safe\n1 of the list would be left for a person\.\n$/,
    );
  });

  it("where nothing is wrong ends with 0, with --apply as well", async () => {
    const world = await served();
    for (const words of [[], ["--apply"]]) {
      const { code, stdout } = await hiveSwarm(world, "repair", ...words);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Cluster hive in ap-northeast-1 at \S+\n\nNothing to do\.\n$/);
    }
    expect(repairExecutions(world)).toEqual([]);
  });
});

describe("with --apply", () => {
  it("does what was shown, follows the flows that it starts, and ends with 0 once all is well", async () => {
    const { world, leaves, comes } = await lost();
    const { code, stdout, stderr } = await hiveSwarm(world, "repair", "--apply");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Repair repair-2026-\S+ began: 2 to do$/m);
    const told = news(stdout);
    expect(told.slice(0, 2)).toEqual([
      `start-retire ${leaves}: started, its flow was started`,
      `start-join ${comes}: started, its flow was started`,
    ]);
    expect(told.filter((line) => line.startsWith(leaves))).toEqual([
      `${leaves}: out of the load balancer`,
      expect.stringMatching(`^${leaves}: drained: node \\S+$`),
      expect.stringMatching(`^${leaves}: logs shipped: `),
      `${leaves}: the host has left the swarm`,
      `${leaves}: its node is out of the swarm`,
      expect.stringMatching(`^${leaves}: hook completed with CONTINUE: the instance is `),
    ]);
    expect(told.filter((line) => line.startsWith(comes))).toEqual([
      `${comes}: its SSM agent answers`,
      expect.stringMatching(`^${comes}: the host is in the swarm as node \\S+, drained$`),
      expect.stringMatching(`^${comes}: the node is labelled and active, with \\d tasks?$`),
      `${comes}: a task runs, and is healthy`,
      expect.stringMatching(`^${comes}: hook completed with CONTINUE: the instance is `),
      `${comes}: in service at the load balancer`,
    ]);
    expect(stdout).toMatch(/^Action +On +Result +What became of it$/m);
    expect(stdout).toMatch(new RegExp(`^start-retire +${leaves} +done +retired, logs: shipped$`, "m"));
    expect(stdout).toMatch(
      new RegExp(
        `^start-join +${comes} +done +joined as node \\S+, \\d tasks?, load balancer: in service$`,
        "m",
      ),
    );
    expect(stdout).toMatch(/\n\n2 done\.\n$/);
    await world.rest();
    expect((await look(world)).plan.actions).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
  });

  it("mends a node, and says so in one JSON document with --json", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { labels: {} });
    const { code, stdout, stderr } = await hiveSwarm(world, "repair", "--apply", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      cluster: "hive",
      region: "ap-northeast-1",
      status: "ended",
      repair: expect.stringMatching(/^repair-2026-/),
      asked: [{ kind: "label-node", subject: id, risk: "safe" }],
      results: [{ kind: "label-node", subject: id, result: "done" }],
      left: [],
    });
    expect(news(stderr)).toEqual([`label node ${nodeOf(world, id).id}: done`]);
    expect(nodeOf(world, id).labels["hive.instance-id"]).toBe(id);
  });

  it("with --safe leaves what is a person's to decide, and ends with 1", async () => {
    const { world, comes } = await lost();
    const drained = workersOf(world).find((id) => id !== comes && world.state(id) === "InService") ?? "";
    byHand(world, drained, { availability: "drain" });
    const { code, stdout } = await hiveSwarm(world, "repair", "--apply", "--safe");
    expect(code).toBe(1);
    expect(stdout).toMatch(/\n2 done; 1 of the plan left for a person\.\n$/);
    expect(nodeOf(world, drained).availability).toBe("drain");
  });

  it("rolls what was pushed and not heard of, and follows the roll", async () => {
    const world = await served();
    pushed(world, "b");
    await rolled(world);
    loseEvents(world);
    pushed(world, "c");
    await world.after(600);
    const { code, stdout } = await hiveSwarm(world, "repair", "--apply");
    expect(code).toBe(0);
    expect(news(stdout)).toContain("hive: roll ended on 1.4.3, 10 replicas again");
    expect(stdout).toMatch(/^roll-newest +hive +done +converged: 1\.4\.2 → 1\.4\.3$/m);
    expect(running(world)).toEqual({ c: 3 });
  });

  it("says what a flow that it started failed at, and ends with 1", async () => {
    const { world, comes } = await lost();
    world.machines.freeze(comes);
    const { code, stdout } = await hiveSwarm(world, "repair", "--apply");
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(`^start-join +${comes} +failed +abandoned at "join host": not done`, "m"),
    );
    expect(stdout).toMatch(/\n1 done, 1 failed\.\n$/);
  });

  it("while repairs are paused applies nothing, says who paused and how it ends, and ends with 1", async () => {
    const { world } = await lost();
    await hiveSwarm(world, "pause", "--why", "moving");
    const { code, stdout } = await hiveSwarm(world, "repair", "--apply");
    expect(code).toBe(1);
    expect(stdout).toMatch(/paused since \S+ by ann@desk: moving/);
    expect(
      world.executions().filter(({ name }) => /^(join|retire)-/.test(name) && name.endsWith("-1")),
    ).toEqual([]);
    expect(world.parameter(PAUSE)).toBeDefined();
  });

  it("says to whoever interrupts it that all goes on, and where what is left is seen", async () => {
    const world = await served();
    byHand(world, oneOf(world), { availability: "drain" });
    const { lastWord } = await hiveSwarm(world, "repair", "--apply");
    expect(lastWord).toBe(
      "What was begun goes on without this tool. What is left then:\n  npm run -s hive-swarm -- plan",
    );
  });

  it("without the permission to follow says so, and that the repair goes on", async () => {
    const { world } = await lost();
    const refused: TestWorld = world;
    const handle = world.handle;
    refused.handle = async (service, operation, input, caller) => {
      if (operation === "GetDurableExecutionHistory")
        throw new AwsError("AccessDeniedException", `not authorized to perform: lambda:${operation}`);
      return await handle(service, operation, input, caller);
    };
    const { code, stderr } = await hiveSwarm(refused, "repair", "--apply");
    expect(code).toBe(3);
    expect(stderr).toContain(
      "You need the permission lambda:GetDurableExecutionHistory on hive-swarm-dev-repair.",
    );
    expect(stderr).toContain("What was begun goes on without this tool.");
  });
});
