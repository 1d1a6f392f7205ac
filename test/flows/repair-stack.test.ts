// The stack on simulated machines: what is missing is deployed, with an image that every host holds, and nothing over another; replicas stay
// ahead of the room there is, or follow it; hosts that have lost an image hold it again.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { needsSchema } from "../../shared/swarm/answers.ts";
import { byHand, loseEvents, oneOf, served, workersOf } from "./drift.ts";
import { look, told } from "./plans.ts";
import { became, repaired } from "./repairs.ts";
import { rollProblems, running, serviceOf } from "./rolls.ts";
import { hasWeb, pushWeb, putStack, WEB, webImage, webRunsOn } from "./stacks.ts";
import { NEEDS_PARAMETER, problemsOf, type TestWorld, type WorldOptions } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

/** Workers that serve; the stack has one service more than the swarm, and images of it were pushed before anybody listened. */
const withStack = async (
  options: WorldOptions = {},
  pushes = true,
): Promise<TestWorld & { seen: string }> => {
  const world = await served(options);
  world.registry.announces = false;
  const seen = pushes ? pushWeb(world, "d", ["1.0.0", "latest"]) : "";
  await world.after(30);
  if (pushes) pushWeb(world, "e", ["build-7"]);
  await world.after(400);
  putStack(world);
  return { ...world, seen };
};

const wellAfter = async (world: TestWorld): Promise<void> => {
  await world.rest();
  const { plan } = await look(world);
  expect(plan).toMatchObject({ holds: [], unknown: [], actions: [] });
  expect(problemsOf(world)).toEqual([]);
  expect(rollProblems(world)).toEqual([]);
};

describe("a service of the stack that the swarm has not", () => {
  it("is deployed as the file has it, with the image that the tag policy would run, and every host holds it first", async () => {
    const world = await withStack();
    const other = serviceOf(world).version;
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([
      { kind: "deploy-service", subject: WEB, result: "done", details: "deployed with 1.0.0" },
    ]);
    await world.after(60);
    const { spec, tasks } = serviceOf(world, WEB);
    expect(spec).toMatchObject({
      replicas: 6,
      labels: { "hive.roll.seen": world.seen },
      template: { image: webImage("d", "1.0.0"), directories: ["/var/log/web"] },
    });
    // None of its tasks was ever refused.
    expect([...tasks].filter(({ status }) => status.state === "rejected")).toEqual([]);
    expect(webRunsOn(world)).toEqual(workersOf(world).sort());
    expect(serviceOf(world).version).toBe(other);
    await wellAfter(world);
  });

  it("is what the next join is told of, so that a task runs there at once", async () => {
    const world = await withStack();
    await repaired(world);
    const needs = needsSchema.parse(JSON.parse(world.parameter(NEEDS_PARAMETER) ?? "{}"));
    expect(needs.images).toContain(webImage("d", "1.0.0"));
    expect(needs.directories).toEqual(["/var/log/hive", "/var/log/web"]);
    await world.desire(4);
    await world.rest();
    expect(webRunsOn(world)).toHaveLength(4);
    expect(world.logged("join abandoned")).toEqual([]);
  });

  it("is rolled by the next push, as if it had always been there", async () => {
    const world = await withStack();
    await repaired(world);
    await world.after(60);
    world.registry.announces = true;
    pushWeb(world, "f", ["1.1.0", "latest"]);
    await world.until(() => world.published.length > 0, 7200);
    await world.rest();
    expect(world.published).toMatchObject([{ service: WEB, outcome: "converged", version: "1.1.0" }]);
  });

  it("is not deployed while nothing was pushed that could run, and is once there is", async () => {
    const world = await withStack({}, false);
    expect((await repaired(world)).applied).toMatchObject([
      {
        kind: "deploy-service",
        result: "not applied",
        details: "nothing was pushed to hive-web: there is no such repository in us-east-1",
      },
    ]);
    expect(world.logged("action failed")).toEqual([]);
    pushWeb(world, "e", ["build-7"]);
    await world.after(60);
    expect((await repaired(world)).applied).toMatchObject([
      {
        kind: "deploy-service",
        result: "not applied",
        details: "nothing was pushed to hive-web that the tag policy would run",
      },
    ]);
    expect(hasWeb(world)).toBe(false);
    pushWeb(world, "d", ["1.0.0"]);
    await world.after(60);
    expect(became((await repaired(world)).applied)).toEqual([`deploy-service ${WEB} done`]);
  });

  it("runs the very digest that the file names", async () => {
    const world = await withStack();
    putStack(world, { image: webImage("e", "7") });
    expect((await repaired(world)).applied).toMatchObject([{ result: "done", details: "deployed with 7" }]);
    expect(serviceOf(world, WEB).spec.labels).toEqual({});
  });

  it("is not deployed when no host can have its image: nothing changes, and the reason is told", async () => {
    const world = await withStack();
    world.machines.missingImages.add(webImage("d", "1.0.0"));
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([
      {
        result: "failed",
        details: expect.stringMatching(
          /^no host could be made ready for it, and nothing was deployed: i-.*manifest unknown/,
        ),
      },
    ]);
    expect(hasWeb(world)).toBe(false);
    expect(world.logged("action failed")).toHaveLength(1);
  });

  it("is deployed although one host of several cannot have it, which is told", async () => {
    const world = await withStack();
    const broken = oneOf(world);
    world.machines.host(broken).traits.pullFails = "no space left on device";
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([
      { result: "done", details: expect.stringContaining(`not ready for it: ${broken}: `) },
    ]);
    await world.after(60);
    expect(webRunsOn(world)).toEqual(
      workersOf(world)
        .filter((id) => id !== broken)
        .sort(),
    );
  });

  it("is held by a worker that becomes active while it is deployed, before any task of it comes there", async () => {
    let world: TestWorld | undefined;
    let lost = "";
    const made = await withStack({
      interceptors: [
        async (call, next) => {
          const { DocumentName } = call.input as { DocumentName?: string };
          // What the look saw of this one is not enough: it has just come, with nothing on it.
          if (world && lost === "" && DocumentName?.endsWith("deploy-stack")) {
            lost = oneOf(world);
            const [node] = world.machines.swarm.nodesOfInstance(lost);
            const host = world.machines.host(lost);
            host.images.delete(webImage("d", "1.0.0"));
            if (node)
              world.machines.swarm.updateNode(node.id, node.version, { ...node, availability: "active" });
          }
          return await next(call);
        },
      ],
    });
    const id = oneOf(made);
    const [node] = made.machines.swarm.nodesOfInstance(id);
    if (!node) throw new Error("no node");
    made.machines.swarm.updateNode(node.id, node.version, {
      availability: "drain",
      labels: { ...node.labels, "hive.retiring": "yes" },
    });
    world = made;
    const { applied } = await repaired(made, { actions: [{ kind: "deploy-service", subject: WEB }] });
    expect(applied.filter(({ kind }) => kind === "deploy-service")).toMatchObject([{ result: "done" }]);
    expect(made.commands("deploy-stack")).toHaveLength(2);
    expect([...serviceOf(made, WEB).tasks].filter(({ status }) => status.state === "rejected")).toEqual([]);
  });

  it("is deployed once, whoever else does it at the same time", async () => {
    const world = await withStack();
    const { swarm } = world.machines;
    const [first, second] = [
      repaired(world),
      (async () => {
        await world.after(2);
        return await repaired(world);
      })(),
    ];
    const both = [...(await first).applied, ...(await second).applied];
    expect(both.filter(({ result }) => result === "failed")).toEqual([]);
    expect([...swarm.services.values()].filter(({ spec }) => spec.name === WEB)).toHaveLength(1);
    await world.after(60);
    await wellAfter(world);
  });
});

describe("a service that exists", () => {
  it("is left as it is, whatever the file says by now", async () => {
    const world = await withStack();
    await repaired(world);
    await world.after(60);
    const { version, spec } = serviceOf(world, WEB);
    putStack(world, { replicas: 50, labels: { changed: "yes" } });
    const { plan, applied } = await repaired(world);
    expect([told(plan.actions), applied]).toEqual([[], []]);
    expect(serviceOf(world, WEB).version).toBe(version);
    expect(serviceOf(world, WEB).spec).toEqual(spec);
  });
});

describe("replicas", () => {
  const deployed = async (environment: Record<string, string>): Promise<TestWorld> => {
    const world = await withStack({ environment });
    await repaired(world);
    await world.after(60);
    return world;
  };
  const replicas = (world: TestWorld): number => serviceOf(world, WEB).spec.replicas;

  it("stay ahead of the room there is", async () => {
    const world = await deployed({ REPLICAS: "ahead", REPLICAS_AHEAD: "2" });
    await world.desire(5);
    await world.rest();
    const { applied } = await repaired(world);
    expect(applied).toMatchObject([
      { kind: "set-replicas", subject: WEB, result: "done", details: "6 → 7 replicas" },
    ]);
    expect(replicas(world)).toBe(7);
    await wellAfter(world);
  });

  it("follow the room there is, down and up, without a task being moved", async () => {
    const world = await deployed({ REPLICAS: "follow" });
    expect(became((await repaired(world)).applied)).toEqual([`set-replicas ${WEB} done`]);
    expect(replicas(world)).toBe(3);
    expect(webRunsOn(world)).toHaveLength(3);
    await world.desire(4);
    await world.rest();
    await repaired(world);
    await world.after(60);
    expect([replicas(world), webRunsOn(world).length]).toEqual([4, 4]);
    await wellAfter(world);
  });

  it("are a roll's while it goes on, and somebody's who has scaled since the look", async () => {
    let world: TestWorld | undefined;
    let change: (there: TestWorld) => void = () => {};
    const made = await deployed({ REPLICAS: "follow" });
    world = made;
    change = (there) => there.machines.swarm.scale(WEB, 5);
    // Between the plan and its application.
    const { systemsManager } = world;
    const send = systemsManager.operations.SendCommand;
    systemsManager.operations.SendCommand = (input, ...rest) => {
      if (input.DocumentName?.endsWith("update-service") && world) {
        change(world);
        change = () => {};
      }
      return send(input, ...rest);
    };
    expect((await repaired(world)).applied).toMatchObject([
      { result: "not applied", details: "somebody has scaled it to 5 meanwhile; it was left as it is" },
    ]);
    change = (there) => there.machines.swarm.label(WEB, { "hive.roll.id": "roll-x" });
    expect((await repaired(world)).applied).toMatchObject([
      {
        result: "not applied",
        details: "roll-x is at it, and restores its replicas itself; it was left as it is",
      },
    ]);
    expect(replicas(world)).toBe(5);
  });
});

describe("a host that has lost an image", () => {
  it("holds what its services need again, and tasks come up there", async () => {
    const world = await served();
    loseEvents(world);
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    await world.after(30);
    const { images } = world.machines.host(id);
    for (const image of [...images]) images.delete(image);
    byHand(world, id, { availability: "active" });
    await world.after(60);
    expect(running(world)).toEqual({ a: 2 });
    const { plan, applied } = await repaired(world);
    expect(told(plan.actions)).toContain(`hold-images ${id}`);
    expect(applied).toMatchObject([{ kind: "hold-images", subject: id, result: "done" }]);
    await world.after(60);
    expect(running(world)).toEqual({ a: 3 });
  });
});
