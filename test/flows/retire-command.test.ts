// `hive-swarm retire`: what it shows, what it asks the group for, what it follows, and how it ends.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { hiveSwarm } from "./command-tool.ts";
import { loseEvents, oneOf, served, workersOf } from "./drift.ts";
import { problemsOf, type TestWorld, WORKERS } from "./world.ts";

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

const terminations = (world: TestWorld) =>
  world.calls.filter(({ operation }) => operation === "TerminateInstanceInAutoScalingGroup");

const desired = (world: TestWorld): number | undefined =>
  world.autoScaling.operations.DescribeAutoScalingGroups({ AutoScalingGroupNames: [WORKERS] })
    .AutoScalingGroups?.[0]?.DesiredCapacity;

describe("without --apply", () => {
  it("shows what would happen to it, to its tasks and to its group, changes nothing, and ends with 1", async () => {
    const world = await served();
    const id = oneOf(world);
    const { code, stdout } = await hiveSwarm(world, "retire", id);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(
        `^${id}, worker of group hive-workers: InService\n {2}node \\S+: ready, active, \\d tasks? running\n`,
      ),
    );
    expect(stdout).toMatch(/^ {2}its node is drained: its tasks go to the 2 other workers that are ready/m);
    expect(stdout).toMatch(/^ {2}it leaves the swarm, its node is removed, and it is terminated$/m);
    expect(stdout).toMatch(/^ {2}group hive-workers still wants 3 instances: it launches another$/m);
    expect(stdout).not.toContain("Mind:");
    expect(stdout).toMatch(
      new RegExp(
        `\n\nNothing was changed. .*there is no way back:\n {2}npm run -s hive-swarm -- retire ${id} --apply\n$`,
      ),
    );
    expect(terminations(world)).toEqual([]);
    expect(world.state(id)).toBe("InService");
  });

  it("with --decrement says that none comes in its place", async () => {
    const world = await served();
    const { stdout } = await hiveSwarm(world, "retire", oneOf(world), "--decrement");
    expect(stdout).toMatch(
      /^ {2}group hive-workers wants 2 instances then instead of 3: none comes in its place$/m,
    );
    expect(stdout).toMatch(/ --apply --decrement\n$/);
  });

  it("of a manager warns of the quorum", async () => {
    const world = await served({ managerHooks: ["join", "retire"] });
    const { stdout } = await hiveSwarm(world, "retire", world.managers()[0] ?? "");
    expect(stdout).toMatch(/^ {2}another manager demotes it first; /m);
    expect(stdout).toMatch(
      /^Mind: it is a manager: 3 of 3 managers are reachable, 2 are needed; without this one 2 of 2/m,
    );
  });
});

describe("with --apply", () => {
  it("asks its group once, keeps the capacity, follows it to its end, and ends with 0", async () => {
    const world = await served();
    const id = oneOf(world);
    const { code, stdout, stderr } = await hiveSwarm(world, "retire", id, "--apply");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^${id} is to be terminated: its group was asked$`, "m"));
    expect(stdout).toMatch(new RegExp(`^Its retirement retire-${id}-0 is under way$`, "m"));
    expect(news(stdout)).toEqual([
      "out of the load balancer",
      expect.stringMatching(/^drained: node \S+$/),
      expect.stringMatching(/^logs shipped: /),
      "the host has left the swarm",
      "its node is out of the swarm",
      expect.stringMatching(/^hook completed with CONTINUE: the instance is /),
    ]);
    expect(stdout).toMatch(new RegExp(`\n\n${id}: retired, logs: shipped\n$`));
    expect(terminations(world)).toHaveLength(1);
    expect(desired(world)).toBe(3);
    await world.rest();
    expect(workersOf(world)).toHaveLength(3);
    expect(problemsOf(world)).toEqual([]);
  });

  it("with --decrement the group wants one less", async () => {
    const world = await served();
    const { code } = await hiveSwarm(world, "retire", oneOf(world), "--apply", "--decrement");
    expect([code, desired(world)]).toEqual([0, 2]);
  });

  it("says where its logs could not be shipped that it is kept, and ends with 1; again, it ends it", async () => {
    const world = await served();
    const id = oneOf(world);
    world.machines.host(id).logs.block();
    const kept = await hiveSwarm(world, "retire", id, "--apply");
    expect(kept.code).toBe(1);
    expect(kept.stdout).toMatch(new RegExp(`\n\n${id}: kept, its logs could not be shipped: .*\n$`));
    expect(world.state(id)).toBe("Terminating:Retained");

    const shown = await hiveSwarm(world, "retire", id);
    expect(shown.stdout).toMatch(/^Ended,\n {2}it is terminated at once: /m);
    expect(shown.stdout).toMatch(/^Mind: what its logs still hold is lost with it/m);
    const ended = await hiveSwarm(world, "retire", id, "--apply");
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(new RegExp(`\n\n${id}: terminated; nothing of it is left\n$`));
    expect(world.state(id)).toBeUndefined();
  });

  it("of one that is going already follows it, and asks for nothing", async () => {
    const world = await served();
    const id = oneOf(world);
    world.terminate(id, false);
    await world.after(10);
    const { code, stdout } = await hiveSwarm(world, "retire", id, "--apply");
    expect(code).toBe(0);
    expect(stdout).not.toContain("its group was asked");
    expect(stdout).toMatch(new RegExp(`\n\n${id}: retired, logs: shipped\n$`));
    expect(terminations(world)).toHaveLength(0);
  });

  it("says so where no flow begins, and ends with 1", async () => {
    const world = await served();
    loseEvents(world);
    const { code, stdout } = await hiveSwarm(world, "retire", oneOf(world), "--apply");
    expect(code).toBe(1);
    expect(stdout).toMatch(/no hook, or its event was lost|its event was lost, or waits; repair starts one/);
  });

  it("is one JSON document with --json", async () => {
    const world = await served();
    const id = oneOf(world);
    const { stdout } = await hiveSwarm(world, "retire", id, "--apply", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      cluster: "hive",
      region: "ap-northeast-1",
      instanceId: id,
      status: "ended",
      standing: "good",
      words: "retired, logs: shipped",
      flow: `retire-${id}-0`,
    });
  });

  it("says to whoever interrupts it that it goes on, and how to see how far it is", async () => {
    const world = await served();
    const id = oneOf(world);
    const { lastWord } = await hiveSwarm(world, "retire", id, "--apply");
    expect(lastWord).toBe(
      `Its retirement goes on without this tool. To see how far it is:\n  npm run -s hive-swarm -- explain ${id}`,
    );
  });
});

describe("what is refused, with nothing changed", () => {
  it("an instance that no group knows: 1", async () => {
    const world = await served();
    const { code, stderr } = await hiveSwarm(world, "retire", "i-0123456789abcdef0", "--apply");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /It cannot be retired: no Auto Scaling group knows i-0123456789abcdef0.*\nNothing was changed\.\n$/,
    );
    expect(terminations(world)).toEqual([]);
  });

  it("the last manager that the quorum needs, where no hook holds it back: 1", async () => {
    const world = await served({ managers: 1 });
    const { code, stderr } = await hiveSwarm(world, "retire", world.managers()[0] ?? "", "--apply");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "the quorum would be lost, and group hive-managers has no hook that would hold it back",
    );
    expect(terminations(world)).toEqual([]);
  });

  it("a capacity below the group's minimum: 1", async () => {
    const world = await served();
    world.autoScaling.operations.UpdateAutoScalingGroup({ AutoScalingGroupName: WORKERS, MinSize: 3 });
    const { code, stderr } = await hiveSwarm(world, "retire", oneOf(world), "--apply", "--decrement");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "group hive-workers wants 3 and must have 3: its capacity cannot be decremented",
    );
  });

  it("options that contradict each other: 2", async () => {
    const world = await served();
    const { code, stderr } = await hiveSwarm(world, "retire", oneOf(world), "--decrement", "--keep-capacity");
    expect(code).toBe(2);
    expect(stderr).toContain("--keep-capacity and --decrement contradict each other");
  });

  it("without the permission: 3, and its name", async () => {
    const world = await served({
      interceptors: [
        async (call, next) => {
          if (call.operation === "TerminateInstanceInAutoScalingGroup")
            throw new AwsError("AccessDenied", "User: ann is not authorized to perform: that");
          return await next(call);
        },
      ],
    });
    const id = oneOf(world);
    const { code, stderr } = await hiveSwarm(world, "retire", id, "--apply");
    expect(code).toBe(3);
    expect(stderr).toContain(
      `You need the permission autoscaling:TerminateInstanceInAutoScalingGroup on ${id}.`,
    );
    expect(world.state(id)).toBe("InService");
  });
});
