// Drift of every kind on simulated machines, and what a look at the cluster says of it. A look changes nothing.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { planRepair } from "../../shared/fleet/plan.ts";
import { atBalancer, byHand, loseEvents, nodeOf, oneOf, served, stopRoll, workersOf } from "./drift.ts";
import { look, told } from "./plans.ts";
import { pushed, rolled, serviceOf } from "./rolls.ts";
import { type TestWorld, throttleFirst, WORKERS, type WorldOptions } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

/** Calls that are not there to read. */
const changing = (world: TestWorld, since: number): string[] =>
  world.calls
    .slice(since)
    .filter(({ principal }) => principal === "function:plan")
    .map(({ service, operation }) => `${service}:${operation}`)
    .filter((name) => !/:(Describe|List|Get)/.test(name));

describe("where all is well", () => {
  it.each(["attached", "not attached", "none"] as const)(
    "nothing is to be done, and everything could be read (load balancer: %s)",
    async (loadBalancer) => {
      const world = await served({ loadBalancer });
      const { plan, snapshot } = await look(world);
      expect(plan).toMatchObject({ holds: [], unknown: [], actions: [] });
      expect(snapshot.members).toMatchObject({ known: true });
      expect(snapshot.swarm.known && snapshot.swarm.value.nodes).toHaveLength(6);
      if (loadBalancer === "none") expect(snapshot.balancer).toBeUndefined();
      else
        expect(snapshot.balancer).toMatchObject({
          known: true,
          value: { attached: loadBalancer === "attached" },
        });
    },
  );

  it("a look takes a dozen calls, of which one is no reading: the one document", async () => {
    const world = await served();
    const since = world.calls.length;
    await look(world);
    expect(changing(world, since)).toEqual(["ssm:SendCommand"]);
    const own = world.calls.slice(since).filter(({ principal }) => principal === "function:plan");
    expect(own.length).toBeLessThan(20);
  });

  it("two who ask in the same second are told of the same look", async () => {
    const world = await served();
    const first = look(world);
    const [one, other] = await Promise.all([first, look(world).catch(() => first)]);
    expect(one.name).toBe(other.name);
  });
});

describe("what is found", () => {
  it("a launch whose event was lost", async () => {
    const world = await served();
    loseEvents(world);
    const before = workersOf(world);
    await world.desire(4);
    await world.after(60);
    const id = workersOf(world).find((one) => !before.includes(one));
    expect(told((await planned(world)).actions)).toEqual([`start-join ${id}`]);
  });

  it("a termination whose event was lost", async () => {
    const world = await served();
    loseEvents(world);
    const id = oneOf(world);
    world.terminate(id);
    await world.after(120);
    expect(world.state(id)).toBe("Terminating:Wait");
    expect(told((await planned(world)).actions)).toEqual([`start-retire ${id}`]);
  });

  it("a ghost: the node of a machine that its hook's timeout let go", async () => {
    const world = await served();
    loseEvents(world);
    const id = oneOf(world);
    const { id: nodeId } = nodeOf(world, id);
    world.terminate(id);
    await world.after(900);
    expect(world.state(id)).toBeUndefined();
    const { actions } = await planned(world);
    expect(actions).toMatchObject([{ kind: "remove-ghost", nodeId }]);
  });

  it("a node that was drained by hand, or by a crash", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    expect((await planned(world)).actions).toMatchObject([{ kind: "activate-node", instanceId: id }]);
  });

  it("a node without its label", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { labels: {} });
    expect((await planned(world)).actions).toMatchObject([{ kind: "label-node", instanceId: id }]);
  });

  it("an instance in service that is in no swarm", async () => {
    const world = await served();
    const id = oneOf(world);
    world.machines.swarm.remove(nodeOf(world, id).id);
    expect((await planned(world)).actions).toMatchObject([{ kind: "join-instance", instanceId: id }]);
  });

  it("an instance that was deregistered by hand", async () => {
    const world = await served({ loadBalancer: "not attached" });
    const id = oneOf(world);
    await atBalancer(world, "Deregister", id);
    await world.after(90);
    expect((await planned(world)).actions).toMatchObject([{ kind: "register-instance", instanceId: id }]);
  });

  it("a manager that was registered by hand", async () => {
    const world = await served({ loadBalancer: "not attached" });
    const [id] = world.managers();
    await atBalancer(world, "Register", id);
    await world.after(30);
    expect(told((await planned(world)).actions)).toEqual([`look-at ${id} (person)`]);
  });

  it("a roll that was interrupted, and not one that is under way", async () => {
    const world = await served();
    pushed(world, "b");
    await world.until(() => serviceOf(world).spec.labels["hive.roll.id"] !== undefined);
    expect(told((await planned(world)).actions)).toEqual([]);
    await stopRoll(world);
    await world.after(400);
    const { actions } = await planned(world);
    expect(told(actions)).toEqual(["finish-roll hive"]);
    expect(actions[0]?.reason).toContain("3 replicas now, 10 are to be restored");
  });

  it("a push whose event was lost, as soon as it cannot be on its way any more", async () => {
    const world = await served();
    pushed(world, "b");
    await rolled(world);
    loseEvents(world);
    pushed(world, "c");
    await world.after(120);
    expect(told((await planned(world)).actions)).toEqual([]);
    await world.after(300);
    expect(told((await planned(world)).actions)).toEqual(["roll-newest hive"]);
  });

  it("a machine that is kept for its logs", async () => {
    const world = await served();
    const id = oneOf(world);
    world.machines.host(id).logs.block();
    world.terminate(id);
    await world.rest();
    expect(world.state(id)).toBe("Terminating:Retained");
    expect(told((await planned(world)).actions)).toEqual([`look-at-kept ${id} (person)`]);
  });

  it("an instance that was put into Standby, which runs no hook", async () => {
    const world = await served();
    const id = oneOf(world);
    await world.operator("autoscaling", "EnterStandby", {
      AutoScalingGroupName: WORKERS,
      InstanceIds: [id],
      ShouldDecrementDesiredCapacity: true,
    });
    await world.after(120);
    const { actions } = await planned(world);
    expect(actions.map(({ instanceId }) => instanceId)).toContain(id);
  });
});

describe("an instance that was detached by hand, which runs no hook", () => {
  const detached = async () => {
    const world = await served({ loadBalancer: "not attached" });
    const id = oneOf(world);
    await world.operator("autoscaling", "DetachInstances", {
      AutoScalingGroupName: WORKERS,
      InstanceIds: [id],
      ShouldDecrementDesiredCapacity: true,
    });
    return { world, id };
  };

  it("is told to a person while it serves", async () => {
    const { world, id } = await detached();
    await world.after(120);
    const { actions } = await planned(world);
    expect(actions.filter(({ instanceId }) => instanceId === id)).not.toEqual([]);
    expect(actions.map(({ risk }) => risk)).not.toContain("safe");
  });

  it("is no ghost while its agent answers, though its node be down; and is one when it is gone", async () => {
    const { world, id } = await detached();
    const { id: nodeId } = nodeOf(world, id);
    world.machines.swarm.died(id);
    await world.after(120);
    expect(world.machines.swarm.nodes.get(nodeId)?.state).toBe("down");
    const before = await planned(world);
    expect(before.actions.map(({ kind }) => kind)).not.toContain("remove-ghost");
    await world.machines.terminate(id);
    await world.after(600);
    const { actions } = await planned(world);
    expect(actions).toContainEqual(expect.objectContaining({ kind: "remove-ghost", nodeId, risk: "safe" }));
  });
});

describe("what is under way", () => {
  it("is left alone: an instance that joins, and one that retires", async () => {
    const world = await served();
    const id = oneOf(world);
    await world.desire(4);
    world.terminate(id);
    await world.until(() => world.executions().some(({ name }) => name.startsWith("retire-")));
    const { plan } = await look(world);
    expect(plan.actions).toEqual([]);
    await world.rest();
    expect((await planned(world)).actions).toEqual([]);
  });
});

describe("what cannot be read", () => {
  const refusing = (service: string, operation: string): WorldOptions => {
    return {
      interceptors: [
        async (call, next) => {
          if (
            call.caller.principal === "function:plan" &&
            call.service === service &&
            call.operation === operation
          )
            throw new AwsError("AccessDenied", `not authorized to perform: ${service}:${operation}`);
          return await next(call);
        },
      ],
    };
  };

  it.each([
    ["autoscaling", "DescribeAutoScalingGroups", ["members", "swarm", "balancer", "newest"]],
    ["ssm", "DescribeInstanceInformation", ["agents", "swarm", "newest"]],
    ["elasticloadbalancing", "DescribeInstanceHealth", ["balancer"]],
    ["lambda", "ListDurableExecutionsByFunction", ["flows"]],
    ["ecr", "DescribeImages", ["newest"]],
  ])("%s %s is told, and never taken for absent", async (service, operation, parts) => {
    const world = await served(refusing(service, operation));
    const { plan, snapshot } = await look(world);
    const { takenAt: _, ...all } = snapshot;
    const missing = Object.entries(all).flatMap(([name, part]) => (part?.known === false ? [name] : []));
    expect(missing.sort()).toEqual([...parts].sort());
    expect(plan.actions).toEqual([]);
    expect(plan.unknown.join("\n")).toContain(`not authorized to perform: ${service}:${operation}`);
    expect(world.logged("plan, with reservations")).toHaveLength(1);
  });

  it("a swarm of which no manager answers is unknown after a minute or two, and nothing may be done", async () => {
    const world = await served();
    const id = oneOf(world);
    byHand(world, id, { availability: "drain" });
    for (const manager of world.managers()) world.machines.freeze(manager);
    const start = world.clock.now();
    const { plan, snapshot } = await look(world);
    expect(world.clock.now() - start).toBeLessThan(200_000);
    expect(snapshot.swarm).toMatchObject({ known: false });
    expect(plan.holds).not.toEqual([]);
    expect(plan.actions).toEqual([]);
    expect(world.logged("command not cancelled")).toEqual([]);
  });

  it("a manager that does not answer is left for the next", async () => {
    const world = await served();
    const { name } = await look(world);
    const asked = world.commands("survey-cluster").at(-1)?.instanceId ?? "";
    expect(name).not.toBe("");
    world.machines.freeze(asked);
    const { snapshot } = await look(world);
    expect(snapshot.swarm.known).toBe(true);
  });

  it("a throttled API is asked again", async () => {
    const world = await served({ interceptors: [throttleFirst(3)] });
    const { plan } = await look(world);
    expect(plan).toMatchObject({ holds: [], unknown: [], actions: [] });
  });
});

/** Of a look that could read everything; what it says follows from its snapshot alone. */
const planned = async (world: TestWorld) => {
  const since = world.calls.length;
  const writes = world.machines.swarm.writes.length;
  const { plan, snapshot } = await look(world);
  expect(plan.unknown).toEqual([]);
  expect(plan.holds).toEqual([]);
  expect(planRepair(snapshot, world.config)).toEqual(plan);
  expect(changing(world, since)).toEqual(["ssm:SendCommand"]);
  expect(world.machines.swarm.writes.length).toBe(writes);
  return plan;
};
