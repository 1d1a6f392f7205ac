// The command line tool on the real flows: what a person sees of a roll, of a way back and of a history, and how it ends.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { hiveSwarm } from "./command-tool.ts";
import { createTestWorld, digest, hive, image, type WorldOptions } from "./world.ts";

const SERVICE = "hive";

/** Two workers, three replicas; 1.4.1 runs, and 1.4.2 was pushed, of which nobody was told. */
const worldWith = async (options: WorldOptions = {}) => {
  const world = await createTestWorld({ services: [hive({ replicas: 3 })], ...options });
  world.registry.announces = false;
  world.registry.push({ repository: "hive-tomcat", digest: digest("a"), tag: "1.4.1" });
  await world.after(60);
  world.registry.push({ repository: "hive-tomcat", digest: digest("b"), tag: "1.4.2" });
  await world.desire(2);
  await world.rest();
  return world;
};

/** Without the seconds in front, and without signs of life. */
const news = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => /^ +[\d.]+s {2}[^…]/.test(line))
    .map((line) => line.replace(/^ +[\d.]+s {2}/, ""));

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

describe("a roll that converges", () => {
  it("is told step by step, with a table at the end and 0", async () => {
    const world = await worldWith();
    const { code, stdout, stderr } = await hiveSwarm(
      world,
      "roll",
      "hive-tomcat:1.4.2",
      "--why",
      "it's time",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Roll roll-by-hand-[0-9a-f]{16}-0 began\n/);
    expect(news(stdout)).toEqual([
      "hive-tomcat:1.4.2 is sha256:bbbbbbbbbbbb, pushed 2026-01-01 00:01 UTC",
      "run by hive (aaaaaaaaaaaa); 2 workers",
      "hosts hold the image: 2 of 2",
      "hive: roll begun, aaaaaaaaaaaa → 1.4.2; 2 of 3 replicas have a place",
      "hive: image set to 1.4.2",
      "hive: 2 of 2 tasks run 1.4.2",
      "hive: roll ended on 1.4.2, 3 replicas again",
    ]);
    // Nobody waits for longer than two seconds without a sign of life.
    expect(stdout).toMatch(/^ +[\d.]+s {2}… the image is set \(2 s\)$/m);
    expect(stdout).toMatch(/^Service {2}Outcome {4}Wanted {2}Before {8}Runs now {2}Seconds$/m);
    expect(stdout).toMatch(/^hive {5}converged {2}1\.4\.2 {3}aaaaaaaaaaaa {2}1\.4\.2 {5}\d+\.\d$/m);
    expect(stdout).toMatch(/^hive: 2 tasks run 1\.4\.2$/m);
  });

  it("is one JSON document with --json, and told on standard error", async () => {
    const world = await worldWith();
    const { code, stdout, stderr } = await hiveSwarm(world, "roll", "hive-tomcat:1.4.2", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      cluster: "hive",
      region: "ap-northeast-1",
      request: { repository: "hive-tomcat", image: "1.4.2", service: "", why: "", dryRun: false },
      roll: expect.stringMatching(/^roll-by-hand-/),
      status: "ended",
      outcomes: [{ service: SERVICE, outcome: "converged", version: "1.4.2" }],
      intents: [],
    });
    expect(news(stderr)).toContain("hive: roll ended on 1.4.2, 3 replicas again");
  });

  it("is followed by the same command, and by the one that Ctrl-C shows", async () => {
    const world = await worldWith();
    const words = ["roll", "hive-tomcat:1.4.2", "--service", SERVICE, "--why", "it's time"];
    const following = hiveSwarm(world, ...words);
    await world.after(5);
    const [first, second] = await Promise.all([following, hiveSwarm(world, ...words)]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(world.executions().filter(({ name }) => name.startsWith("roll-"))).toHaveLength(1);
    expect(news(second.stdout)).toEqual(news(first.stdout));
    expect(second.stdout).toMatch(/^Roll roll-by-hand-\w+-0 is under way already\n/);
    expect(first.lastWord).toContain(
      "npm run -s hive-swarm -- roll hive-tomcat:1.4.2 --service hive '--why=it'\\''s time'",
    );
  });
});

describe("a roll that is not what was asked for", () => {
  it("of a bad image ends with 1, on the image before, with the cause in the table and in the history", async () => {
    const world = await worldWith();
    const lines = "config\nno such file";
    world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 50, lines });
    const { code, stdout } = await hiveSwarm(world, "roll", "hive-tomcat:1.4.2");
    expect(code).toBe(1);
    const told = news(stdout);
    expect(told).toContainEqual(
      expect.stringMatching(/^hive: task \w+ on i-\w+ failed: .*non-zero exit \(3\)/),
    );
    expect(told).toContain("hive: going back to aaaaaaaaaaaa (start-failed)");
    expect(told.at(-1)).toBe("hive: roll ended on aaaaaaaaaaaa, 3 replicas again");
    expect(stdout).toMatch(/^hive +rolled back +1\.4\.2 +aaaaaaaaaaaa +aaaaaaaaaaaa +\d+\.\d$/m);
    expect(stdout).toMatch(/^ {2}start-failed: .*exit code 3/m);
    const { stdout: history } = await hiveSwarm(world, "history", SERVICE);
    expect(history).toMatch(
      /^1 .* 1\.4\.2 +rolled back +aaaaaaaaaaaa → aaaaaaaaaaaa +person +- +start-failed: /m,
    );
  });

  it("of an image that is not there is refused, and ends with 1", async () => {
    const world = await worldWith();
    const { code, stdout } = await hiveSwarm(world, "roll", "hive-tomcat:9.9.9");
    expect(code).toBe(1);
    expect(stdout).toContain("refused");
    expect(stdout).toMatch(/^ {2}image-missing: .*hive-tomcat has no image 9\.9\.9$/m);
  });

  it("of a service that does not run it is refused, and ends with 1", async () => {
    const world = await worldWith();
    const { code, stdout } = await hiveSwarm(world, "roll", "hive-tomcat:1.4.2", "--service", "other");
    expect(code).toBe(1);
    expect(stdout).toContain("no service other runs hive-tomcat");
  });

  it("of what runs already has nothing to do, and ends with 0", async () => {
    const world = await worldWith();
    const { code, stdout } = await hiveSwarm(world, "roll", "hive-tomcat:1.4.1");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^hive +skipped /m);
  });
});

describe("a dry run", () => {
  it("says what would be done, and does nothing", async () => {
    const world = await worldWith();
    const { code, stdout } = await hiveSwarm(world, "roll", "hive-tomcat:1.4.2", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^hive +rolled +aaaaaaaaaaaa +1\.4\.2$/m);
    expect(stdout).toContain("Nothing was done: it was a dry run.");
    expect(world.commands("update-service")).toEqual([]);
  });

  it("that finds no service ends with 1", async () => {
    const world = await worldWith();
    const { code, stdout } = await hiveSwarm(
      world,
      "roll",
      "hive-tomcat:1.4.2",
      "--dry-run",
      "--service",
      "other",
    );
    expect(code).toBe(1);
    expect(stdout).toContain("No service runs the repository: there is nothing to roll.");
  });
});

describe("the way back", () => {
  it("goes to the image before, and forth again by the row of the history", async () => {
    const world = await worldWith();
    await hiveSwarm(world, "roll", "hive-tomcat:1.4.2");
    const back = await hiveSwarm(world, "rollback", SERVICE);
    expect(back.code).toBe(0);
    expect(back.stdout).toMatch(/^hive: back to hive-tomcat aaaaaaaaaaaa, of row 1 of its history\n/);
    expect(news(back.stdout)).toContain("hive: roll begun, 1.4.2 → 1.4.1; 2 of 3 replicas have a place");

    const forth = await hiveSwarm(world, "rollback", SERVICE, "--to", "2", "--why", "it was not the image");
    expect(forth.code).toBe(0);
    const { stdout } = await hiveSwarm(world, "history", SERVICE);
    expect(stdout.trimEnd().split("\n").slice(1)).toEqual([
      expect.stringMatching(/^1 .* 1\.4\.2 +converged +1\.4\.1 → 1\.4\.2 +person +it was not the image$/),
      expect.stringMatching(/^2 .* 1\.4\.1 +converged +1\.4\.2 → 1\.4\.1 +person +rollback to aaaaaaaaaaaa$/),
      expect.stringMatching(/^3 .* 1\.4\.2 +converged +aaaaaaaaaaaa → 1\.4\.2 +person +-$/),
    ]);
  });

  it("is not guessed while another roll is under way", async () => {
    const world = await worldWith();
    await hiveSwarm(world, "roll", "hive-tomcat:1.4.2");
    world.registry.push({ repository: "hive-tomcat", digest: digest("c"), tag: "1.4.3" });
    const rolling = hiveSwarm(world, "roll", "hive-tomcat:1.4.3");
    await world.after(5);
    const { code, stderr } = await hiveSwarm(world, "rollback", SERVICE);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^roll-by-hand-\w+-0 rolls hive right now/);
    expect(stderr).toContain("Before it ran 1.4.2: --to 1");
    const back = await hiveSwarm(world, "rollback", SERVICE, "--to", "1");
    expect(back.code).toBe(0);
    const { code: superseded, stdout } = await rolling;
    expect(superseded).toBe(1);
    expect(stdout).toMatch(/^hive +superseded /m);
  });
});
