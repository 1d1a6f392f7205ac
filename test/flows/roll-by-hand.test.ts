// Rolls that a person asks for, what every roll leaves behind, and AWS at its worst.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { readHistory } from "../../shared/rolls/history.ts";
import {
  commandsOfRolls,
  ends,
  named,
  outcomes,
  pushed,
  REPOSITORY,
  rolled,
  rollingWorld,
  rollProblems,
  running,
} from "./rolls.ts";
import { digest, HISTORY, image, type TestWorld, throttleFirst } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

describe("a person's request", () => {
  const ask = (world: TestWorld, detail: Record<string, unknown>): void =>
    world.deliver({ source: "hive-swarm", "detail-type": "Roll Requested", detail });

  it("rolls to a version, and back to an older one that no late push undoes", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await rolled(world);
    ask(world, { repository: REPOSITORY, image: "1.4.1", why: "slow pages" });
    await rolled(world, 2);
    expect(outcomes(world)[1]).toMatchObject({
      outcome: "converged",
      trigger: "person",
      why: "slow pages",
      runs: named("a"),
    });
    world.deliver(world.events.find(({ detail }) => detail["image-tag"] === "1.4.2"));
    await rolled(world, 3);
    expect(ends(world)).toEqual(["1.4.2 converged", "1.4.1 converged", "1.4.2 skipped"]);
    expect(running(world)).toEqual({ a: 3 });
    pushed(world, "c");
    await rolled(world, 4);
    expect(running(world)).toEqual({ c: 3 });
    expect(rollProblems(world)).toEqual([]);
  });

  it("for what runs already has hosts hold it again that lost it", async () => {
    const world = await rollingWorld();
    const [host] = [...world.machines.hosts.values()].filter(({ role }) => role === "worker");
    host?.images.delete(image("a"));
    ask(world, { repository: REPOSITORY, image: "1.4.1" });
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.1 skipped"]);
    expect(host?.images.has(image("a"))).toBe(true);
  });

  it("that is a dry run says what would be done, and does nothing", async () => {
    const world = await rollingWorld();
    world.registry.announces = false;
    pushed(world, "b");
    ask(world, { repository: REPOSITORY, image: "1.4.2", dryRun: true });
    await world.after(60);
    const [execution] = world.executions().filter(({ name }) => name.startsWith("roll-by-hand-"));
    expect(JSON.parse(execution?.result ?? "null")).toEqual({
      outcomes: [],
      intents: [
        { service: "hive", does: "roll", because: "it runs another image", from: image("a"), to: named("b") },
      ],
    });
    expect(world.machines.swarm.observations.writes).toEqual([]);
    expect(commandsOfRolls(world).map(({ document }) => document)).toEqual(["survey-services"]);
  });

  it("for a service or a version that is not there is refused with the reason", async () => {
    const world = await rollingWorld();
    ask(world, { repository: REPOSITORY, image: "7.7.7" });
    ask(world, { repository: REPOSITORY, image: "1.4.1", service: "hve" });
    await rolled(world, 2);
    expect(outcomes(world).map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
    expect(outcomes(world).map(({ because, cause }) => cause?.text ?? because)).toEqual([
      expect.stringContaining("has no image 7.7.7"),
      "no service hve runs hive-tomcat",
    ]);
  });

  it("that cannot be understood ends in the dead-letter queue, and starts nothing", async () => {
    const world = await rollingWorld();
    ask(world, { repository: REPOSITORY, image: "$(reboot)" });
    await world.after(600);
    expect(world.letters).toHaveLength(1);
    expect(world.executions().filter(({ name }) => name.startsWith("roll-"))).toEqual([]);
  });
});

describe("what a roll leaves behind", () => {
  const history = async (world: TestWorld) => {
    const answer = (await world.operator("ssm", "GetParameterHistory", { Name: `${HISTORY}/hive` })) as {
      Parameters: { Value: string }[];
    };
    return readHistory(answer.Parameters.map(({ Value }) => Value).reverse());
  };

  it("is an entry in the service's history for each time that something was changed or tried", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await rolled(world);
    world.machines.images.behave(image("c"), { kind: "exits", code: 3, afterMs: 50 });
    pushed(world, "c");
    await rolled(world, 2);
    expect(await history(world)).toMatchObject([
      { outcome: "rolled back", image: named("c"), from: named("b"), runs: named("b"), trigger: "push" },
      { outcome: "converged", image: named("b"), from: image("a"), runs: named("b"), trigger: "push" },
    ]);
  });

  it("is an outcome that is told although the history cannot be written; the execution then fails, and is told as well", async () => {
    const world = await rollingWorld({
      interceptors: [
        async (call, next) => {
          const history = String((call.input as { Name?: string }).Name).startsWith(HISTORY);
          if (call.operation === "PutParameter" && history) throw new AwsError("AccessDeniedException", "no");
          return await next(call);
        },
      ],
    });
    pushed(world, "b");
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(world.letters).toHaveLength(1);
    expect(JSON.parse(world.letters[0]?.body ?? "")).toEqual({
      trigger: "push",
      repository: REPOSITORY,
      digest: digest("b"),
    });
  });

  it("is a worker that joins later and never needs the registry's token: its host holds what runs, and what can be gone back to", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await rolled(world);
    await world.desire(4);
    await world.rest();
    const [joined] = [...world.machines.hosts.values()].slice(-1);
    expect([...(joined?.images ?? [])].sort()).toEqual([image("a"), named("b")].sort());
    expect(running(world)).toEqual({ b: 4 });
  });
});

describe("AWS at its worst", () => {
  it("throttled at the first calls of everything, a roll takes longer and ends the same", async () => {
    const world = await rollingWorld({ interceptors: [throttleFirst(4)] });
    pushed(world, "b");
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(rollProblems(world)).toEqual([]);
  });

  it("a host whose agent is gone for good is named, and nothing was touched", async () => {
    const world = await rollingWorld();
    const [host] = [...world.machines.hosts.values()].filter(({ role }) => role === "worker");
    if (host) host.traits.pullHangs = true;
    pushed(world, "b");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "refused", cause: { code: "host-unreachable" } }]);
    expect(outcomes(world)[0]?.cause?.text).toContain(host?.instanceId);
    expect(world.machines.swarm.observations.writes).toEqual([]);
  });

  it("no manager answers for hours: the outcome is stalled, and the push ends in the dead-letter queue", async () => {
    const world = await rollingWorld();
    world.machines.swarm.electing = true;
    pushed(world, "b");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "stalled", because: "it broke off" }]);
    expect(world.letters).toHaveLength(1);
  });
});
