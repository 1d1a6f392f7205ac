// The joins of managers, and of instances in service, that crash: between them they come by every step that only those have.
import { AwsError } from "../../sandbox/ports.ts";
import { type Scenario, scenarioOf } from "./crashes.ts";
import { formationProblems } from "./form.ts";
import { bringBack, outOfSwarm, serviceOutcome } from "./in-service.ts";
import { joinOutcome, serving } from "./scenes.ts";
import { hive, image, problemsOf, RECORD_PARAMETER, type TestWorld } from "./world.ts";

const join = scenarioOf("join-node");

const form = async (world: TestWorld): Promise<string> => {
  await world.after(5);
  await world.rest(7_200);
  return world.managers()[0] ?? "";
};

const isFormed =
  (managers: number) =>
  (world: TestWorld): void => {
    expect(formationProblems(world, managers)).toEqual([]);
    for (const id of world.managers()) expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined" });
  };

const oneMore = async (world: TestWorld): Promise<string> => {
  const before = world.managers();
  world.desireManagers(4);
  await world.after(1);
  await world.rest(7_200);
  return world.managers().find((id) => !before.includes(id)) ?? "";
};

const hasJoined = (world: TestWorld, id: string): void => {
  expect(world.managerMembers().map(({ state }) => state)).toEqual(Array(4).fill("InService"));
  expect(joinOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "none" });
  expect(world.machines.swarm.nodesOfInstance(id)).toMatchObject([
    { role: "manager", availability: "active", labels: { "hive.instance-id": id } },
  ]);
  expect(world.machines.swarm.inits).toEqual([]);
};

const isBack = (world: TestWorld, id: string): void => {
  expect(serviceOutcome(world, id)).toMatchObject({ outcome: "joined", loadBalancer: "in service" });
  expect(problemsOf(world)).toEqual([]);
};

export const crashingForms: readonly Scenario[] = [
  {
    ...join("the first manager, which forms the swarm", { swarm: "none", managers: 1 }, form, isFormed(1)),
    everywhere: true,
  },
  join(
    "a first manager that can store the tokens only later",
    { swarm: "none", managers: 1 },
    async (world) => {
      const mended = world.clock.now() + 120_000;
      world.machines.authorize = (_instanceId, { operation }) => {
        if (operation === "PutParameter" && world.clock.now() < mended)
          throw new AwsError("AccessDeniedException", "not authorized to perform: ssm:PutParameter");
      };
      return await form(world);
    },
    isFormed(1),
  ),
  join("three managers from nothing", { swarm: "none", managers: 3 }, form, isFormed(3)),
  join(
    "a manager that waits while another one is out of reach",
    { swarm: "with hooks" },
    async (world) => {
      const [frozen = ""] = world.managers();
      world.machines.freeze(frozen);
      world.clock.after(60_000, () => world.machines.thaw(frozen));
      return await oneMore(world);
    },
    hasJoined,
  ),
  {
    ...join(
      "a manager that joined, and then cannot have the images",
      { swarm: "with hooks", managers: 1, services: [hive({ id: "viz", managersOnly: true })] },
      async (world) => {
        world.machines.refusedPulls.set(image("a"), "denied");
        world.desireManagers(2);
        await world.until(() => world.logged("join abandoned").length > 0);
        world.machines.refusedPulls.clear();
        await world.rest(7_200);
        return world.managers()[0] ?? "";
      },
      (world) => {
        const nodes = [...world.machines.swarm.nodes.values()];
        expect(nodes).toMatchObject(Array(2).fill({ vote: true, state: "ready" }));
        expect(nodes.map(({ instanceId }) => instanceId)).toEqual(world.managers());
      },
    ),
    everywhere: true,
  },
  join(
    "a manager that finds a swarm without a record",
    { swarm: "with hooks" },
    async (world) => {
      world.systemsManager.operations.DeleteParameter({ Name: RECORD_PARAMETER });
      return await oneMore(world);
    },
    (world, id) => {
      hasJoined(world, id);
      expect(JSON.parse(world.parameter(RECORD_PARAMETER) ?? "").formedBy).not.toBe(id);
    },
  ),
  {
    ...join(
      "a worker in service that left the swarm",
      { loadBalancer: "not attached" },
      async (world) => {
        const id = await serving(world);
        await outOfSwarm(world, id);
        await bringBack(world, id);
        return id;
      },
      isBack,
    ),
    everywhere: true,
  },
  {
    ...join(
      "a worker in service that is terminated before its load balancer confirms it, and that cannot be taken out",
      { loadBalancer: "not attached" },
      async (world) => {
        const id = await serving(world);
        world.proxy.health = async () => "down";
        await bringBack(world, id, async () => {
          await world.until(() => registrations(world) > 1);
          world.terminate(id);
        });
        await world.rest();
        return id;
      },
      (world, id) => {
        expect(serviceOutcome(world, id)).toEqual({ outcome: "overtaken", state: "Terminating:Wait" });
        expect(world.members()).toEqual([]);
      },
    ),
    interceptor: () => async (call, next) => {
      if (call.caller.principal === "function:join-node" && call.operation.startsWith("Deregister"))
        throw new AwsError("AccessDenied", "not authorized to perform: Deregister");
      return await next(call);
    },
  },
];

const registrations = (world: TestWorld): number =>
  world.calls.filter(({ operation }) => operation === "RegisterInstancesWithLoadBalancer").length;
