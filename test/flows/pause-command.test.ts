// `hive-swarm pause` and `hive-swarm resume`: what they say, what they change, and who was first.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { hiveSwarm } from "./command-tool.ts";
import { outcomes, pushed, rolled, rollingWorld, running } from "./rolls.ts";
import { createTestWorld, PAUSE, type TestWorld } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const small = (): Promise<TestWorld> => createTestWorld({ managers: 1 });

const refusing = (operation: string) =>
  createTestWorld({
    managers: 1,
    interceptors: [
      async (call, next) => {
        if (call.operation !== operation) return await next(call);
        const why = `User: ann is not authorized to perform: ssm:${operation} on resource: ${PAUSE}`;
        throw new AwsError("AccessDeniedException", why);
      },
    ],
  });

describe("pause", () => {
  it("says what stops, what goes on and how it ends, and keeps who, when and why", async () => {
    const world = await small();
    const { code, stdout, stderr } = await hiveSwarm(world, "pause", "--why", "moving the\nregistry");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Cluster hive in ap-northeast-1 is paused: moving the registry\n/);
    expect(stdout).toMatch(/^ {2}no roll begins: /m);
    expect(stdout).toMatch(/^ {2}no repair is applied, /m);
    expect(stdout).toMatch(/^ {2}what is under way goes on to its end: nothing is, now$/m);
    expect(stdout).toMatch(/^ {2}instances join and retire as ever/m);
    expect(stdout).toMatch(/\nIt ends with:\n {2}npm run -s hive-swarm -- resume\n$/);
    expect(JSON.parse(world.parameter(PAUSE) ?? "null")).toEqual({
      why: "moving the registry",
      by: "ann@desk",
      at: "2026-01-01T00:00:00.000Z",
    });
  });

  it("of a cluster that is paused leaves it as it is, says whose it is, and ends with 1", async () => {
    const world = await small();
    await hiveSwarm(world, "pause", "--why", "moving the registry");
    await world.after(600);
    const { code, stdout, stderr } = await hiveSwarm(world, "pause", "--why", "mine now");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      "Cluster hive was paused since 2026-01-01T00:00:00.000Z by ann@desk: moving the registry\nThat pause stays as it is.\n",
    );
    expect(world.parameter(PAUSE)).toContain("moving the registry");
  });

  it("of a cluster whose pause nobody can read says how to mend it, and ends with 1", async () => {
    const world = await small();
    world.putParameter(PAUSE, "off\u001b[2J");
    const { code, stderr } = await hiveSwarm(world, "pause", "--why", "mine");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cluster hive was paused: the parameter .* hive-swarm resume/);
  });

  it.each([[[]], [["--why", " "]], [["--why", "\u001b[2J"]]])(
    "without a reason is refused with 2, and asks nothing: %j",
    async (words) => {
      const world = await small();
      const asked = world.calls.length;
      const { code, stderr } = await hiveSwarm(world, "pause", ...words);
      expect(code).toBe(2);
      expect(stderr).toContain("pause needs --why TEXT");
      expect(world.calls).toHaveLength(asked);
    },
  );

  it("without the permission names it, and what it is needed on", async () => {
    const { code, stdout, stderr } = await hiveSwarm(
      await refusing("PutParameter"),
      "pause",
      "--why",
      "mine",
    );
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^Could not write \/hive-swarm\/hive\/pause in ap-northeast-1: AccessDenied/);
    expect(stderr).toContain("You need the permission ssm:PutParameter on /hive-swarm/hive/pause.");
  });

  it("says to whoever interrupts it how to find out", async () => {
    const { lastWord } = await hiveSwarm(await small(), "pause", "--why", "mine", "--cluster", "hive");
    expect(lastWord).toBe("It may be paused. This says whether:\n  npm run -s hive-swarm -- status");
  });

  it("is one JSON document with --json, also where there was one", async () => {
    const world = await small();
    const first = await hiveSwarm(world, "pause", "--why", "moving", "--json");
    const pause = { why: "moving", by: "ann@desk", at: expect.any(String) };
    const place = { cluster: "hive", region: "ap-northeast-1" };
    expect(JSON.parse(first.stdout)).toEqual({ ...place, paused: true, pause, changed: true, underWay: [] });
    const second = await hiveSwarm(world, "pause", "--why", "mine", "--json");
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toEqual({
      ...place,
      paused: true,
      pause,
      changed: false,
      underWay: [],
    });
  });
});

it("a roll that is under way is named, and goes on", async () => {
  const world = await rollingWorld();
  pushed(world, "b");
  await world.until(() => running(world).b === 1);
  const { stdout } = await hiveSwarm(world, "pause", "--why", "moving");
  expect(stdout).toMatch(/^ {2}what is under way goes on to its end: roll-hive-tomcat-b{16}-0$/m);
  await rolled(world);
  expect(running(world)).toEqual({ b: 3 });
});

describe("resume", () => {
  it("ends the pause, says whose it was, and what becomes of what was pushed", async () => {
    const world = await small();
    await hiveSwarm(world, "pause", "--why", "moving the registry");
    const { code, stdout, stderr } = await hiveSwarm(world, "resume");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^Cluster hive in ap-northeast-1 goes on. It was paused since .* by ann@desk: moving the registry\n/,
    );
    expect(stdout).toContain("npm run -s hive-swarm -- plan");
    expect(world.parameter(PAUSE)).toBeUndefined();
  });

  it("where nothing is paused says so, and ends with 0", async () => {
    const { code, stdout } = await hiveSwarm(await small(), "resume");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Cluster hive in ap-northeast-1 is not paused.\n" });
  });

  it("ends a pause that nobody can read", async () => {
    const world = await small();
    world.putParameter(PAUSE, "off");
    const { code, stdout } = await hiveSwarm(world, "resume");
    expect(code).toBe(0);
    expect(stdout).toContain("does not say who paused");
    expect(world.parameter(PAUSE)).toBeUndefined();
  });

  it("without the permission names it, and the pause stays", async () => {
    const world = await refusing("DeleteParameter");
    world.putParameter(PAUSE, "off");
    const { code, stderr } = await hiveSwarm(world, "resume");
    expect(code).toBe(3);
    expect(stderr).toContain("You need the permission ssm:DeleteParameter on /hive-swarm/hive/pause.");
    expect(world.parameter(PAUSE)).toBe("off");
  });
});

it("a push while paused is refused, and after resume it is rolled by hand", async () => {
  const world = await rollingWorld();
  await hiveSwarm(world, "pause", "--why", "moving");
  pushed(world, "b", ["1.4.2"]);
  await rolled(world);
  expect(outcomes(world)).toMatchObject([{ outcome: "refused", cause: { code: "paused" } }]);
  const refused = await hiveSwarm(world, "roll", "hive-tomcat:1.4.2");
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(
    /^ {2}paused: rolls are paused since .* by ann@desk: moving; hive-swarm resume/m,
  );
  await hiveSwarm(world, "resume");
  const { code } = await hiveSwarm(world, "roll", "hive-tomcat:1.4.2");
  expect(code).toBe(0);
  expect(running(world)).toEqual({ b: 3 });
});
