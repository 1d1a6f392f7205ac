// Rolls on simulated machines and virtual time: what the push of an image comes to, a good one and a bad one.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import type { ImageBehaviour } from "../../sandbox/simulated/images.ts";
import type { CauseCode } from "../../shared/rolls/cause.ts";
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
  serviceOf,
} from "./rolls.ts";
import { digest, hive, image } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

describe("a pushed image", () => {
  it("rolls an over-committed service to exactly that digest, shown under its version, and restores its replicas", async () => {
    const world = await rollingWorld();
    const start = world.clock.now();
    pushed(world, "b");
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(serviceOf(world).spec.template.image).toBe(named("b"));
    expect(running(world)).toEqual({ b: 3 });
    expect(rollProblems(world)).toEqual([]);
    // One after the other: never more than one task less.
    expect(world.machines.swarm.observations.minimumRunning("hive", start)).toBe(2);
  });

  it("is given to the next worker only after ROLL_DELAY_SECONDS, in which the load balancer takes the new task in", async () => {
    const world = await rollingWorld({ environment: { ROLL_DELAY_SECONDS: "15" } });
    pushed(world, "b");
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(rollProblems(world)).toEqual([]);
    const tasks = [...serviceOf(world).tasks].filter(({ status }) => status.state === "running");
    tasks.sort((one, other) => one.createdAt - other.createdAt);
    const pauses = tasks.slice(1).map(({ createdAt }, index) => createdAt - (tasks[index]?.status.at ?? 0));
    expect(pauses).toEqual([15_000, 15_000]);
  });

  it("takes four commands on a manager and one on each host, and one event of two tags starts it", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await rolled(world);
    const documents = commandsOfRolls(world).map(({ document }) => document);
    expect(documents.filter((document) => document === "hold-images")).toHaveLength(3);
    expect(documents.filter((document) => document !== "hold-images").slice(0, 3)).toEqual([
      "survey-services",
      "update-service",
      "update-service",
    ]);
    // Two tasks more than the first command looked on for are watched by further ones.
    expect(documents.filter((document) => document === "update-service")).toHaveLength(3);
    expect(world.executions().filter(({ name }) => name.startsWith("roll-"))).toHaveLength(1);
  });

  it("that runs already is skipped without a write, also when its event comes again much later", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await rolled(world);
    const writes = world.machines.swarm.observations.writes.length;
    pushed(world, "b", ["stable-1.4.2", "latest"]);
    await rolled(world, 2);
    expect(ends(world)).toEqual(["1.4.2 converged", "1.4.2 skipped"]);
    expect(world.machines.swarm.observations.writes).toHaveLength(writes);
  });

  it("that no service runs is skipped, and said to be", async () => {
    const world = await rollingWorld();
    world.registry.push({ repository: "hive-other", digest: digest("e"), tag: "1.0.0" });
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "skipped", service: "", repository: "hive-other" }]);
  });

  it("whose tag or repository is not ours starts nothing", async () => {
    const world = await rollingWorld();
    world.registry.push({ repository: "other", digest: digest("e"), tag: "1.0.0" });
    world.registry.push({ repository: REPOSITORY, digest: digest("e"), tag: "branch-x" });
    await world.after(120);
    expect(world.executions().filter(({ name }) => name.startsWith("roll-"))).toEqual([]);
    expect(world.letters).toEqual([]);
  });

  it("without a version tag is shown by its digest alone, never under a tag that will move", async () => {
    const world = await rollingWorld();
    pushed(world, "b", ["latest"]);
    await rolled(world);
    expect(serviceOf(world).spec.template.image).toBe(image("b"));
  });

  it("rolls every service that runs the repository; one that fails and one that opted out do not stop the others", async () => {
    const services = [
      hive({ id: "hive", replicas: 2 }),
      hive({ id: "opted-out", replicas: 1, labels: { "hive.roll": "false" } }),
      hive({ id: "breaks", replicas: 1 }),
      hive({ id: "viz", replicas: 1, managersOnly: true }),
    ];
    const world = await rollingWorld({ services });
    world.machines.images.behave(image("b"), (task) =>
      task.service.spec.name === "breaks" ? { kind: "exits", code: 3, afterMs: 100 } : { kind: "good" },
    );
    pushed(world, "b");
    await rolled(world, 4);
    expect(Object.fromEntries(outcomes(world).map(({ service, outcome }) => [service, outcome]))).toEqual({
      hive: "converged",
      "opted-out": "skipped",
      breaks: "rolled back",
      viz: "refused",
    });
    expect(serviceOf(world, "opted-out").spec.template.image).toBe(image("a"));
    expect(rollProblems(world, { replicas: 2 })).toEqual([]);
    expect(rollProblems(world, { replicas: 1, name: "breaks" })).toEqual([]);
  });

  it("rolls a global service, which has no replicas to restore", async () => {
    const world = await rollingWorld({ service: { mode: "global" } });
    pushed(world, "b");
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(running(world)).toEqual({ b: 3 });
  });

  it("goes into the spec of a service without a place for any task, and nothing is claimed to be proved", async () => {
    const world = await rollingWorld({ workers: 0 });
    pushed(world, "b");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "stalled", cause: { code: "no-capacity" } }]);
    expect(serviceOf(world).spec.template.image).toBe(named("b"));
    expect(rollProblems(world)).toEqual([]);
    await world.desire(1);
    await world.rest();
    expect(running(world)).toEqual({ b: 1 });
  });

  it("is not rolled where that would leave fewer tasks than ROLL_MINIMUM_RUNNING", async () => {
    const world = await rollingWorld({ environment: { ROLL_MINIMUM_RUNNING: "3" } });
    pushed(world, "b");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "refused" }]);
    expect(outcomes(world)[0]?.because).toContain("ROLL_MINIMUM_RUNNING");
    expect(running(world)).toEqual({ a: 3 });
  });
});

describe("a bad image", () => {
  const cases: [string, ImageBehaviour, CauseCode, RegExp][] = [
    [
      "that exits at once",
      { kind: "exits", code: 3, afterMs: 50, lines: "cannot read config" },
      "start-failed",
      /exit code 3.*cannot read config/s,
    ],
    ["that is never healthy", { kind: "unhealthy", afterMs: 9_000 }, "unhealthy", /unhealthy/],
    ["that starts for ever", { kind: "never ready" }, "unhealthy", /health check/],
    [
      "whose port is taken",
      { kind: "cannot start", error: "Bind for 0.0.0.0:8080 failed: port is already allocated" },
      "port-taken",
      /already allocated/,
    ],
    [
      "that runs for three seconds",
      { kind: "exits", code: 1, afterMs: 3_000, startMs: 500 },
      "start-failed",
      /exit code 1/,
    ],
  ];

  it.each(cases)(
    "%s is rolled back by an explicit digest, the cause named",
    async (_name, behaviour, code, text) => {
      const world = await rollingWorld({ environment: { ROLL_MINIMUM_RUNNING: "2" } });
      const start = world.clock.now();
      world.machines.images.behave(image("b"), behaviour);
      pushed(world, "b");
      await rolled(world);
      expect(outcomes(world)).toMatchObject([{ outcome: "rolled back", runs: image("a"), cause: { code } }]);
      expect(outcomes(world)[0]?.cause?.text).toMatch(text);
      expect(running(world)).toEqual({ a: 3 });
      expect(rollProblems(world)).toEqual([]);
      expect(world.machines.swarm.observations.minimumRunning("hive", start)).toBe(2);
      expect(world.logged("roll rolled back")).toHaveLength(1);
    },
  );

  it("is not tried again by itself, and its successor is", async () => {
    const world = await rollingWorld();
    world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 50 });
    pushed(world, "b");
    await rolled(world);
    pushed(world, "b", ["again", "1.4.2"]);
    await rolled(world, 2);
    pushed(world, "c");
    await rolled(world, 3);
    expect(ends(world)).toEqual(["1.4.2 rolled back", "1.4.2 skipped", "1.4.3 converged"]);
    expect(running(world)).toEqual({ c: 3 });
  });

  it("that the registry has lost touches nothing", async () => {
    const world = await rollingWorld();
    world.machines.refusedPulls.set(named("b"), "manifest unknown: manifest unknown");
    pushed(world, "b");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "refused", cause: { code: "image-missing" } }]);
    expect(world.machines.swarm.observations.writes).toEqual([]);
  });

  it("whose digest the registry does not know is refused after half a minute", async () => {
    const world = await rollingWorld();
    const event = { result: "SUCCESS", "action-type": "PUSH", "repository-name": REPOSITORY };
    world.publish({
      source: "aws.ecr",
      "detail-type": "ECR Image Action",
      resources: [],
      detail: { ...event, "image-digest": digest("f"), "image-tag": "9.9.9" },
    });
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "refused", cause: { code: "image-missing" } }]);
    expect(world.machines.swarm.observations.writes).toEqual([]);
  });

  it("that no host may pull is refused for its credentials, and not tried three times on every host", async () => {
    const world = await rollingWorld();
    for (const host of world.machines.hosts.values())
      host.traits.pullFails = "denied: User is not authorized to perform: ecr:BatchGetImage";
    pushed(world, "b");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "refused", cause: { code: "credentials" } }]);
    expect(commandsOfRolls(world).filter(({ document }) => document === "hold-images")).toHaveLength(3);
  });
});
