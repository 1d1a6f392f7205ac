// `hive-swarm explain`: why an instance waits, since when, until when and what would end it, in every state that one can be in.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { hiveSwarm } from "./command-tool.ts";
import { byHand, loseEvents, oneOf, served, workersOf } from "./drift.ts";
import type { TestWorld, WorldOptions } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

/** The lines beside a heading, without the folding of the page. */
const beside = (page: string, heading: string): string[] => {
  const lines = page.split("\n");
  const first = lines.findIndex((line) => line.startsWith(`${heading} `));
  if (first < 0) return [];
  const width = /^\S+( \S+)* {2,}/.exec(lines[first] ?? "")?.[0].length ?? 0;
  const rest = lines.slice(first + 1);
  const next = rest.findIndex((line) => !line.startsWith(" "));
  return [lines[first], ...rest.slice(0, next < 0 ? rest.length : next)].map((line = "") =>
    line.slice(width),
  );
};

/** One more worker; `then` is what happens to it a few seconds after its launch. */
const coming = async (
  options: WorldOptions,
  then: (world: TestWorld, id: string) => void,
): Promise<{ world: TestWorld; id: string }> => {
  const world = await served(options);
  const before = workersOf(world);
  await world.desire(4);
  await world.after(3);
  const id = workersOf(world).find((one) => !before.includes(one)) ?? "";
  then(world, id);
  await world.after(100);
  return { world, id };
};

describe("an instance that waits", () => {
  it("with a flow at it: the step, since when, when it looks again, and what would end it", async () => {
    const { world, id } = await coming({}, (there, one) => there.machines.freeze(one));
    const { code, stdout } = await hiveSwarm(world, "explain", id);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${id}, worker of group hive-workers: Pending:Wait\\n\\n`));
    expect(beside(stdout, "State")[0]).toMatch(
      /^Launching a new EC2 instance: i-\w+, 00:01:\d\d UTC \(1 min 4\d s ago\)$/,
    );
    expect(beside(stdout, "Waits for")).toEqual([
      expect.stringMatching(/^hook join \(launch\) of group hive-workers, for about 1 min 4\d s$/),
      expect.stringMatching(
        /^at the latest until about 08:21:\d\d UTC \(in 8 h 18 min\): then the group does ABANDON: it is terminated, and the group launches another$/,
      ),
      "without a heartbeat for 5 min it does so earlier; the flow sends them",
    ]);
    expect(beside(stdout, "At it")).toEqual([
      expect.stringMatching(`^join-${id}-0, since 00:01:\\d\\d UTC \\(1 min 4\\d s ago\\)$`),
      'step "join host": the host gets ready, pulls the images, and joins',
      expect.stringMatching(/^for 1 min \d\d s, \d+ looks; looked at again 00:03:\d\d UTC \(in \d+ s\)$/),
    ]);
    expect(beside(stdout, "Because")).toEqual([
      expect.stringMatching(
        /^its last command: join-host, InProgress, sent 00:01:\d\d UTC \(1 min \d\d s ago\)$/,
      ),
    ]);
    expect(beside(stdout, "Ends when")).toEqual([
      expect.stringMatching(/^the host is ready, holds the images and has joined/),
    ]);
    expect(beside(stdout, "So far")).toEqual([expect.stringMatching(/^\d+ s on: its SSM agent answers$/)]);
  });

  it("for logs: which files, as they were looked at last", async () => {
    const world = await served();
    const id = oneOf(world);
    world.machines.host(id).logs.block();
    world.terminate(id, false);
    await world.after(200);
    const { stdout } = await hiveSwarm(world, "explain", id);
    expect(beside(stdout, "At it")[1]).toBe(
      'step "logs shipped": its tasks stop, and every log line is shipped',
    );
    expect(beside(stdout, "Because")[0]).toMatch(
      /^NOT flushed: 1 file pending \(\d+ bytes\): \/var\/log\/hive\/\S+\/app\.log; .* \(looked at 00:0\d:\d\d UTC \(\d+ s ago\)\)$/,
    );
    expect(beside(stdout, "Waits for")[1]).toMatch(
      /then the group does CONTINUE: it is terminated, with whatever logs/,
    );
    expect(beside(stdout, "So far")).toContainEqual(expect.stringMatching(/ on: drained: node \S+$/));
  });

  it("with nobody at it: when its time is up, and that a repair would start its flow", async () => {
    const world = await served();
    loseEvents(world);
    const before = workersOf(world);
    await world.desire(4);
    await world.after(100);
    const id = workersOf(world).find((one) => !before.includes(one)) ?? "";
    const { stdout } = await hiveSwarm(world, "explain", id);
    expect(beside(stdout, "At it")).toEqual([expect.stringMatching(/^nobody: no flow runs for it/)]);
    expect(beside(stdout, "Waits for")[2]).toMatch(
      /^without a heartbeat for 5 min it does so earlier, about 00:06:\d\d UTC, and nobody sends any$/,
    );
    expect(beside(stdout, "Repair")).toEqual([
      expect.stringMatching(/^would start-join \(safe\): waits in Pending:Wait/),
    ]);
  });

  it("while no manager answers: that what depends on them is unknown", async () => {
    const { world, id } = await coming({}, (there) => {
      for (const manager of there.managers()) there.machines.freeze(manager);
    });
    const { code, stdout } = await hiveSwarm(world, "explain", id);
    expect(code).toBe(0);
    expect(beside(stdout, "Has")[0]).toMatch(/^node: unknown \(/);
    expect(beside(stdout, "Ends when")[0]).toMatch(/a manager/);
  });
});

describe("an instance that waits for nothing", () => {
  it("in service: so it is said, with what became of its join", async () => {
    const world = await served();
    const id = oneOf(world);
    const { code, stdout } = await hiveSwarm(world, "explain", id);
    expect(code).toBe(0);
    expect(beside(stdout, "State")[0]).toBe("it waits for nothing: it is in service");
    expect(beside(stdout, "Before")).toEqual([
      expect.stringMatching(
        `^join-${id}-0 ended 00:00:\\d\\d UTC \\(\\d.* ago\\): joined as node \\S+, \\d tasks?, load balancer: in service$`,
      ),
    ]);
    expect(beside(stdout, "Has")).toEqual([
      expect.stringMatching(/^node \S+: ready, active, \d tasks? running$/),
      "load balancer: in-service",
      expect.stringMatching(/^SSM agent: online, version /),
    ]);
    expect(beside(stdout, "Waits for")).toEqual([]);
    expect(beside(stdout, "Repair")).toEqual([]);
  });

  it("drained by hand: what a repair would do, and that it is a person's to decide", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    const { stdout } = await hiveSwarm(world, "explain", id);
    expect(beside(stdout, "Repair")).toEqual([
      expect.stringMatching(/^would activate-node \(person\): in service/),
    ]);
  });

  it("kept for its logs: since when, why, and the command that ends it", async () => {
    const world = await served();
    const id = oneOf(world);
    world.machines.host(id).logs.block();
    world.terminate(id, false);
    await world.rest();
    const { stdout } = await hiveSwarm(world, "explain", id);
    expect(stdout).toMatch(/^i-\w+, worker of group hive-workers: Terminating:Retained\n/);
    expect(beside(stdout, "State")[0]).toMatch(/^it is kept, and billed/);
    expect(beside(stdout, "Before")[0]).toMatch(
      /: kept, its logs could not be shipped: NOT flushed: 1 file blocked/,
    );
    expect(beside(stdout, "Ends when")).toEqual([
      `a person ends it, once its logs are safe: hive-swarm retire ${id} --apply`,
    ]);
  });

  it("a manager: with the quorum", async () => {
    const world = await served();
    const { stdout } = await hiveSwarm(world, "explain", world.managers()[0] ?? "");
    expect(stdout).toMatch(/^i-\w+, manager of group hive-managers: InService\n/);
    expect(beside(stdout, "Quorum")).toEqual([
      "3 of 3 managers are reachable, 2 are needed; without this one 2 of 2, 2 needed",
    ]);
  });

  it("that is gone: how it went", async () => {
    const world = await served();
    const id = oneOf(world);
    world.terminate(id, false);
    await world.rest();
    const { code, stdout } = await hiveSwarm(world, "explain", id);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${id}: no Auto Scaling group knows it \\(any more\\)\n`));
    expect(beside(stdout, "Before")).toEqual([
      expect.stringMatching(`^retire-${id}-0 ended 00:0\\d:\\d\\d UTC \\(.* ago\\): retired, logs: shipped$`),
    ]);
  });
});

describe("what it cannot say", () => {
  it("of an id that nothing is known of is an error with 1", async () => {
    const { code, stdout, stderr } = await hiveSwarm(await served(), "explain", "i-0123456789abcdef0");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Nothing is known of i-0123456789abcdef0 in cluster hive in ap-northeast-1: ");
  });

  it.each(["", "foo", "i-", "i-0123456789abcdef0\u001b[2J"])("of %j is refused with 2", async (word) => {
    const world = await served();
    const asked = world.calls.length;
    const { code, stderr } = await hiveSwarm(world, "explain", word);
    expect(code).toBe(2);
    expect(stderr).toContain("is not the id of an EC2 instance, such as i-0123456789abcdef0");
    expect(stderr).not.toContain("\u001b");
    expect(world.calls).toHaveLength(asked);
  });

  it.each([
    ["DescribeAutoScalingInstances", "autoscaling"],
    ["DescribeLifecycleHooks", "autoscaling"],
    ["DescribeScalingActivities", "autoscaling"],
  ])("without the permission for %s names it", async (operation, service) => {
    const world = await served({
      interceptors: [
        async (call, next) => {
          if (call.operation === operation && call.caller.principal === "operator")
            throw new AwsError("AccessDenied", `not authorized to perform: ${service}:${operation}`);
          return await next(call);
        },
      ],
    });
    const { code, stderr } = await hiveSwarm(world, "explain", oneOf(world));
    expect(code).toBe(3);
    expect(stderr).toContain(`You need the permission ${service}:${operation} on `);
  });
});

it("is one JSON document with --json", async () => {
  const { world, id } = await coming({}, (there, one) => there.machines.freeze(one));
  const { code, stdout } = await hiveSwarm(world, "explain", id, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    cluster: "hive",
    region: "ap-northeast-1",
    instanceId: id,
    member: { group: "hive-workers", lifecycleState: "Pending:Wait", healthy: true },
    group: { name: "hive-workers", hooks: [{ name: "join" }, { name: "retire" }] },
    running: {
      name: `join-${id}-0`,
      state: { step: { name: "join host" } },
      command: { document: "join-host" },
    },
    past: null,
    actions: [],
  });
});
