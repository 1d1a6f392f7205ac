// How a swarm comes to be, by the functions alone: one manager forms it, the others join, and there is never a second one.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { formationProblems, recordOf } from "./form.ts";
import { bringBack, outOfSwarm, serviceOutcome } from "./in-service.ts";
import { joinOutcome } from "./scenes.ts";
import {
  createTestWorld,
  hive,
  image,
  MANAGERS,
  problemsOf,
  RECORD_PARAMETER,
  resultOf,
  type TestWorld,
  type WorldOptions,
} from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

const viz = () => hive({ id: "viz", image: image("c"), directories: [], replicas: 1, managersOnly: true });

const fromNothing = (managers: number, more: WorldOptions = {}): Promise<TestWorld> =>
  createTestWorld({ swarm: "none", managers, ...more });

/** Started, and come to its end. */
const formed = async (managers: number, more: WorldOptions = {}): Promise<TestWorld> => {
  const world = await fromNothing(managers, more);
  await world.after(5);
  await world.rest(7_200);
  return world;
};

const HOLDING = "the swarm has no manager: holding";

describe("from nothing", () => {
  it.each([1, 2, 3, 5])("%i managers become one swarm, formed once", async (managers) => {
    const world = await formed(managers);
    expect(formationProblems(world, managers)).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
    for (const id of world.managers()) {
      expect(resultOf(world, id, "join")).toBe("CONTINUE");
      expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "none" });
    }
    expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
    expect(world.commands("init-swarm")).toHaveLength(1);
  });

  it("workers that are launched at the same time wait for the managers, and join", async () => {
    const world = await fromNothing(3);
    await world.desire(4);
    await world.rest(7_200);
    expect(formationProblems(world, 3)).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
    expect(world.members().map(({ state }) => state)).toEqual(Array(4).fill("InService"));
  });

  it("what only managers run is held by them first, and the workers' hint is none of theirs", async () => {
    const world = await fromNothing(1, { services: [hive(), viz()] });
    await world.rest(7_200);
    world.desireManagers(3);
    await world.after(1);
    await world.desire(1);
    await world.rest(7_200);
    expect(formationProblems(world, 3)).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
    for (const id of world.managers()) expect([...world.machines.host(id).images]).toEqual([image("c")]);
    expect(JSON.parse(world.parameter(world.config.servicesParameter) ?? "")).toMatchObject({
      images: [image("a")],
    });
  });

  it("a token appears in no record of the log, no outcome, no command and no letter", async () => {
    const world = await formed(3);
    await world.desire(1);
    await world.rest();
    const { workerToken, managerToken } = world.machines.swarm;
    const all = JSON.stringify([
      world.log,
      world.executions(),
      world.systemsManager.commands(),
      world.letters,
      world.calls.filter(({ operation }) => operation !== "PutParameter"),
    ]);
    expect(all).toContain("init-swarm");
    expect(all).not.toContain(workerToken);
    expect(all).not.toContain(managerToken);
  });
});

describe("a manager that comes later", () => {
  it("joins, and nobody forms anything", async () => {
    const world = await createTestWorld({ swarm: "with hooks" });
    world.desireManagers(4);
    await world.after(1);
    await world.rest(7_200);
    expect(world.managerMembers().map(({ state }) => state)).toEqual(Array(4).fill("InService"));
    expect(world.commands("init-swarm")).toEqual([]);
    const id =
      world
        .managers()
        .find((one) =>
          world.commands().some(({ instanceId, document }) => instanceId === one && document === "join-host"),
        ) ?? "";
    expect(world.machines.swarm.nodesOfInstance(id)).toMatchObject([
      { role: "manager", availability: "active", labels: { "hive.instance-id": id } },
    ]);
    expect(problemsOf(world)).toEqual([]);
  });

  it.each([
    ["comes back after a minute", 60, 60, 110],
    ["does not come back", undefined, 120, 160],
  ] as const)("waits while another one is out of reach that %s", async (_what, backAfter, least, most) => {
    const world = await createTestWorld({ swarm: "with hooks" });
    const [frozen = ""] = world.managers();
    world.machines.freeze(frozen);
    const since = world.clock.now();
    world.desireManagers(4);
    await world.after(1);
    if (backAfter !== undefined) world.clock.after(backAfter * 1000, () => world.machines.thaw(frozen));
    await world.until(() => world.commands("join-host").length > 0, 3_600);
    const waited = (world.clock.now() - since) / 1000;
    expect(waited).toBeGreaterThanOrEqual(least);
    expect(waited).toBeLessThan(most);
    world.machines.thaw(frozen);
    await world.rest(7_200);
    expect(problemsOf(world)).toEqual([]);
    expect(world.managerMembers().map(({ state }) => state)).toEqual(Array(4).fill("InService"));
  });

  it.each([1, 3])(
    "and fails after it has joined %i others gives its vote up before it leaves",
    async (managers) => {
      const world = await createTestWorld({ swarm: "with hooks", managers, services: [viz()] });
      world.machines.refusedPulls.set(image("c"), "denied");
      world.desireManagers(managers + 1);
      await world.until(() => world.logged("join abandoned").length > 0, 7_200);
      world.machines.refusedPulls.clear();
      await world.rest(7_200);
      const [told] = world.logged("join abandoned");
      expect(told?.fields).toMatchObject({ step: "join host", untidied: [] });
      const voters = [...world.machines.swarm.nodes.values()].map(({ instanceId, vote }) => ({
        instanceId,
        vote,
      }));
      expect(voters).toEqual(world.managers().map((instanceId) => ({ instanceId, vote: true })));
      expect(voters).toHaveLength(managers + 1);
      const order = world.commands().map(({ document }) => document);
      expect(order.indexOf("demote-node")).toBeLessThan(order.indexOf("leave-swarm"));
      expect(problemsOf(world)).toEqual([]);
    },
  );

  it("that is terminated in the middle of its join leaves no vote behind", async () => {
    const world = await createTestWorld({ swarm: "with hooks" });
    const before = world.managers();
    world.desireManagers(4);
    await world.until(() => world.machines.swarm.nodes.size === 4);
    const id = world.managers().find((one) => !before.includes(one)) ?? "";
    world.terminate(id);
    await world.rest(7_200);
    expect([...world.machines.swarm.nodes.values()].map(({ instanceId }) => instanceId)).toEqual(before);
    expect(world.managers()).toEqual(before);
    expect(problemsOf(world)).toEqual([]);
  });

  it("finds a swarm that a person formed, of which there is no record, and records who was there", async () => {
    const world = await createTestWorld({ swarm: "with hooks" });
    world.systemsManager.operations.DeleteParameter({ Name: RECORD_PARAMETER });
    const before = world.managers();
    world.desireManagers(4);
    await world.after(1);
    await world.rest(7_200);
    expect(world.commands("init-swarm")).toEqual([]);
    expect(before).toContain(recordOf(world).formedBy);
    expect(world.managerMembers().map(({ state }) => state)).toEqual(Array(4).fill("InService"));
    expect(problemsOf(world)).toEqual([]);
  });
});

describe("when who formed the swarm is gone", () => {
  it("nobody forms another one; what a person must do is said once, and the hook is held", async () => {
    const world = await formed(1);
    const [first = ""] = world.managers();
    world.machines.kill(first);
    await world.after(1_800);
    const waiting = world.managerMembers().find(({ state }) => state === "Pending:Wait")?.id ?? "";
    expect(waiting).not.toBe("");
    expect(world.commands("init-swarm")).toHaveLength(1);
    expect(recordOf(world).formedBy).toBe(first);
    const told = world.logged(HOLDING);
    expect(told).toHaveLength(1);
    expect(told[0]?.level).toBe("error");
    expect(told[0]?.fields.cause).toContain(first);
    expect(told[0]?.fields.cause).toMatch(/Restore .* delete the parameter \/hive-swarm\/hive\/swarm/);
    expect(world.machines.swarm.nodesOfInstance(waiting)).toEqual([]);
    expect(world.hook(waiting, "join").endedAt).toBeUndefined();
  });

  it("before there was a swarm, the managers that wait go on by themselves once the record is deleted", async () => {
    const world = await fromNothing(3);
    world.putParameter(
      RECORD_PARAMETER,
      JSON.stringify({
        formedBy: "i-0123456789abcdef0",
        at: "2026-01-01T00:00:00Z",
        tokensAt: "2026-01-01T00:00:00Z",
      }),
    );
    await world.after(600);
    expect(world.machines.swarm.inits).toEqual([]);
    expect(world.logged(HOLDING)).toHaveLength(3);
    world.systemsManager.operations.DeleteParameter({ Name: RECORD_PARAMETER });
    await world.rest(7_200);
    expect(formationProblems(world, 3)).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
  });

  it("and the record with it, stored tokens still say that there was a swarm", async () => {
    const world = await formed(1);
    const [first = ""] = world.managers();
    world.machines.kill(first);
    world.systemsManager.operations.DeleteParameter({ Name: RECORD_PARAMETER });
    await world.after(1_800);
    expect(world.machines.swarm.inits).toEqual([first]);
    expect(world.logged(HOLDING)).toHaveLength(1);
    expect(world.managerMembers().map(({ state }) => state)).toContain("Pending:Wait");
  });
});

describe("managers in service", () => {
  const joined = { outcome: "joined", loadBalancer: "none" };

  it("that are in no swarm form one, the three of them at once", async () => {
    const world = await fromNothing(3);
    // Their hooks were completed by somebody, and nothing was done.
    world.bus.deliver = false;
    await world.after(30);
    for (const InstanceId of world.managers())
      world.autoScaling.operations.CompleteLifecycleAction({
        AutoScalingGroupName: MANAGERS,
        LifecycleHookName: "join",
        InstanceId,
        LifecycleActionResult: "CONTINUE",
      });
    await world.after(30);
    await Promise.all(world.managers().map((id) => bringBack(world, id, undefined, MANAGERS)));
    for (const id of world.managers()) expect(serviceOutcome(world, id)).toMatchObject(joined);
    expect(formationProblems(world, 3)).toEqual([]);
  });

  it("that fell out of the swarm join again, also the one that formed it", async () => {
    const world = await formed(3);
    const [first = ""] = world.machines.swarm.inits;
    await outOfSwarm(world, first);
    await bringBack(world, first, undefined, MANAGERS);
    expect(serviceOutcome(world, first)).toMatchObject(joined);
    expect(formationProblems(world, 3)).toEqual([]);
    expect(world.machines.swarm.inits).toEqual([first]);
  });

  it("whose tokens are not stored store them when they are brought back", async () => {
    const world = await formed(1);
    const [first = ""] = world.managers();
    world.machines.swarm.rotateTokens();
    await bringBack(world, first, undefined, MANAGERS);
    expect(serviceOutcome(world, first)).toMatchObject(joined);
    expect(formationProblems(world, 1)).toEqual([]);
  });
});

describe("a first manager whose role lacks a permission", () => {
  const lacking = (world: TestWorld, lacks: string): { mend: () => void } => {
    let refused = true;
    world.machines.authorize = (_instanceId, { operation }) => {
      if (refused && operation === lacks)
        throw new AwsError("AccessDeniedException", `not authorized to perform: ssm:${lacks}`);
    };
    return {
      mend: () => {
        refused = false;
      },
    };
  };

  it.each(["GetParameter", "PutParameter"])(
    "%s is held, with the others, until somebody mends it",
    async (lacks) => {
      const world = await fromNothing(3);
      const { mend } = lacking(world, lacks);
      await world.after(3_600);
      expect(world.managerMembers().map(({ state }) => state)).toEqual(Array(3).fill("Pending:Wait"));
      const [told, ...more] = world.logged("the swarm cannot be formed: holding");
      expect(more).toEqual([]);
      expect(told).toMatchObject({ level: "error", fields: { cause: expect.stringContaining(lacks) } });
      mend();
      await world.rest(7_200);
      expect(formationProblems(world, 3)).toEqual([]);
      expect(problemsOf(world)).toEqual([]);
    },
  );

  it("to store the tokens stays when its time is up, since the swarm is on it", async () => {
    const world = await fromNothing(1, { joinHeartbeatSeconds: 30 });
    const { mend } = lacking(world, "PutParameter");
    await world.rest(7_200);
    const [first = ""] = world.managers();
    expect(joinOutcome(world, first)).toMatchObject({
      outcome: "failed",
      step: "init swarm",
      cause: expect.stringContaining("PutParameter"),
    });
    expect(resultOf(world, first, "join")).toBe("CONTINUE");
    mend();
    await bringBack(world, first, undefined, MANAGERS);
    expect(formationProblems(world, 1)).toEqual([]);
  });
});

it("a first manager that never gets ready has claimed nothing, and the next one forms the swarm", async () => {
  const world = await fromNothing(1);
  const usual = world.machines.next;
  world.machines.next = { ...usual, readyAfterMs: 100_000_000 };
  await world.after(5);
  world.machines.next = usual;
  await world.rest(7_200);
  const [first = ""] = world.managers();
  expect(formationProblems(world, 1)).toEqual([]);
  expect(joinOutcome(world, first)).toMatchObject({ outcome: "joined" });
  expect(world.logged("join abandoned")).toHaveLength(1);
});
