// Rolls while a person has paused them: none begins, one that is under way goes on, and nothing is lost.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { commandsOfRolls, outcomes, pushed, REPOSITORY, rolled, rollingWorld, running } from "./rolls.ts";
import { PAUSE, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const PAUSED = { why: "moving the registry", by: "ann@desk", at: "2026-01-01T00:00:00.000Z" };

const paused = (world: TestWorld, value = JSON.stringify(PAUSED)): void => world.putParameter(PAUSE, value);
const resumed = (world: TestWorld): void => {
  world.systemsManager.operations.DeleteParameter({ Name: PAUSE });
};
const ask = (world: TestWorld, detail: Record<string, unknown>): void =>
  world.deliver({
    source: "hive-swarm",
    "detail-type": "Roll Requested",
    detail: { repository: REPOSITORY, ...detail },
  });

describe("while rolls are paused", () => {
  it.each<[string, (world: TestWorld) => void]>([
    ["a push", (world) => pushed(world, "b", ["1.4.2"])],
    ["a person's request", (world) => ask(world, { image: "1.4.1" })],
  ])("%s is refused and told, with who paused, when, why, and what ends it", async (_, begin) => {
    const world = await rollingWorld();
    paused(world);
    const asked = commandsOfRolls(world).length;
    begin(world);
    await rolled(world);
    expect(outcomes(world)).toMatchObject([
      { outcome: "refused", because: "nothing was changed", cause: { code: "paused" } },
    ]);
    expect(outcomes(world)[0]?.cause?.text).toBe(
      "rolls are paused since 2026-01-01T00:00:00.000Z by ann@desk: moving the registry; " +
        "hive-swarm resume ends the pause; what was pushed meanwhile is then in hive-swarm plan",
    );
    expect(commandsOfRolls(world)).toHaveLength(asked);
    expect(running(world)).toEqual({ a: 3 });
    expect(world.letters).toEqual([]);
  });

  it("what was pushed is rolled on request afterwards: it was not decided on", async () => {
    const world = await rollingWorld();
    paused(world);
    pushed(world, "b", ["1.4.2"]);
    await rolled(world);
    resumed(world);
    ask(world, { image: "1.4.2" });
    await rolled(world, 2);
    expect(outcomes(world)[1]).toMatchObject({ outcome: "converged", version: "1.4.2" });
  });

  it("a roll that was under way goes on to its end", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await world.until(() => running(world).b === 1);
    paused(world);
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "converged" }]);
    expect(running(world)).toEqual({ b: 3 });
  });

  it("a dry run, which changes nothing, says what would be done", async () => {
    const world = await rollingWorld();
    paused(world);
    ask(world, { image: "1.4.1", dryRun: true });
    await world.rest();
    const [roll] = world.executions().filter(({ name }) => name.startsWith("roll-"));
    expect(JSON.parse(roll?.result ?? "null")).toMatchObject({ intents: [{ service: "hive" }] });
  });

  it("instances join and retire", async () => {
    const world = await rollingWorld();
    paused(world);
    await world.desire(4);
    await world.rest();
    world.terminate(world.members()[0]?.id ?? "");
    await world.rest();
    expect(world.autoScaling.hooks().map(({ result }) => result)).toEqual(Array(5).fill("CONTINUE"));
  });
});

describe("a pause that is not clear", () => {
  it.each(["", "paused", "{}", JSON.stringify({ ...PAUSED, at: "today" })])(
    "%j is taken for one, and it is said how to mend it",
    async (value) => {
      const world = await rollingWorld();
      world.putParameter(PAUSE, value || " ");
      pushed(world, "b", ["1.4.2"]);
      await rolled(world);
      const [{ cause } = {}] = outcomes(world);
      expect(cause?.code).toBe("paused");
      expect(cause?.text).toMatch(/\/hive-swarm\/hive\/pause is there and does not say .*hive-swarm resume/);
      expect(running(world)).toEqual({ a: 3 });
    },
  );

  it("is waited for where Parameter Store is throttled for a minute", async () => {
    let refused = 0;
    const world = await rollingWorld({
      interceptors: [
        async (call, next) => {
          if (call.operation !== "GetParameter" || !call.caller.principal.endsWith("roll-service"))
            return await next(call);
          if (refused++ < 6) throw new AwsError("ThrottlingException", "Rate exceeded");
          return await next(call);
        },
      ],
    });
    pushed(world, "b");
    await rolled(world);
    expect(refused).toBe(7);
    expect(outcomes(world)).toMatchObject([{ outcome: "converged" }]);
  });
});
