// The looks at a cluster that crash, and the repairs: whatever part was read last, the plan is the same; whatever had just been done, it is
// done once, and the rest is too.
import { type Scenario, scenarioOf } from "./crashes.ts";
import { atBalancer, byHand, detach, loseEvents, loseManager, nodeOf, workersOf } from "./drift.ts";
import { recordOf } from "./form.ts";
import { ageTokens, LONG_AGO, ROTATED } from "./old-tokens.ts";
import { look, told } from "./plans.ts";
import { became, repaired } from "./repairs.ts";
import { pushed, rolled, rollProblems, running, serve, serving } from "./rolls.ts";
import { MANAGER_TOKEN_PARAMETER, type TestWorld, TOKEN_PARAMETER } from "./world.ts";

const plan = scenarioOf("plan");
const repair = scenarioOf("repair");

const BALANCED = { loadBalancer: "not attached", environment: { REPAIR_MOST_PERCENT: "100" } } as const;

/** All that was started has ended, and a second plan finds nothing. */
const healed = async (world: TestWorld): Promise<void> => {
  await world.rest();
  await world.after(120);
  expect(told((await look(world)).plan.actions)).toEqual([]);
};

export const crashingRepairs: readonly Scenario[] = [
  plan(
    "a look after a push of which nobody heard",
    serving(),
    async (world) => {
      await serve(world);
      pushed(world, "b");
      await rolled(world);
      world.registry.announces = false;
      pushed(world, "c");
      await world.after(400);
      const { name, plan: made } = await look(world);
      expect(made).toMatchObject({ holds: [], unknown: [] });
      expect(told(made.actions)).toEqual(["roll-newest hive"]);
      return name;
    },
    (world, name) => {
      expect(world.execution(name).status).toBe("SUCCEEDED");
      expect(rollProblems(world)).toEqual([]);
      expect(world.logged("plan").length).toBeGreaterThanOrEqual(1);
    },
  ),
  repair(
    "a repair of most that can be wrong",
    serving(BALANCED),
    async (world) => {
      await serve(world, 5);
      pushed(world, "b");
      await rolled(world);
      loseEvents(world);
      const [detached = "", unlabelled = "", deregistered = "", terminated = ""] = workersOf(world);
      await detach(world, detached);
      world.machines.kill(detached);
      pushed(world, "c");
      await world.after(600);
      byHand(world, unlabelled, { labels: {} });
      await atBalancer(world, "Deregister", deregistered);
      await world.desire(5);
      world.terminate(terminated);
      await world.after(90);
      const { name, applied } = await repaired(world);
      const joining = applied.find(({ kind }) => kind === "start-join")?.subject ?? "";
      expect(became(applied).filter((one) => !one.startsWith("roll-newest"))).toEqual([
        `label-node ${unlabelled} done`,
        `start-retire ${terminated} started retire-${terminated}-0`,
        `start-join ${joining} started join-${joining}-0`,
        `remove-ghost ${detached} done`,
        `register-instance ${deregistered} done`,
      ]);
      await healed(world);
      return name;
    },
    (world) => {
      const names = world.executions().map(({ name }) => name);
      expect(names.filter((name) => name.startsWith("retire-"))).toHaveLength(1);
      expect(names.filter((name) => name.startsWith("join-"))).toHaveLength(6);
      expect(running(world)).toEqual({ c: 4 });
      expect(rollProblems(world)).toEqual([]);
      expect(world.logged("action failed")).toEqual([]);
    },
  ),
  repair(
    "a repair takes the vote of a manager that is gone, and its node",
    serving(BALANCED),
    async (world) => {
      await serve(world);
      const { id, nodeId } = await loseManager(world);
      const { name, applied } = await repaired(world);
      expect(became(applied)).toEqual([`remove-manager ${id} done`]);
      expect(world.machines.swarm.nodes.has(nodeId)).toBe(false);
      await healed(world);
      return name;
    },
    (world) => {
      const managers = [...world.machines.swarm.nodes.values()].filter(({ role }) => role === "manager");
      expect(managers).toHaveLength(2);
      expect(world.machines.swarm.leader()).toBeDefined();
    },
  ),
  repair(
    "a repair that a person asks for takes a detached machine out",
    serving(BALANCED),
    async (world) => {
      await serve(world);
      const [id = ""] = workersOf(world);
      await detach(world, id);
      await world.after(60);
      const { name, applied } = await repaired(world, {
        actions: [{ kind: "deregister-instance", subject: id }],
      });
      expect(became(applied)).toEqual([`deregister-instance ${id} done`]);
      expect(world.registered()).not.toContain(id);
      world.machines.swarm.remove(nodeOf(world, id).id);
      return name;
    },
    (world) => expect(world.registered()).toHaveLength(2),
  ),
  repair(
    "a repair that rotates the join tokens",
    ROTATED,
    async (world) => {
      await world.after(30);
      ageTokens(world);
      const { name, applied } = await repaired(world);
      expect(applied).toMatchObject([{ kind: "rotate-tokens", result: "done" }]);
      return name;
    },
    (world) => {
      expect(world.parameter(TOKEN_PARAMETER)).toBe(world.machines.swarm.workerToken);
      expect(world.parameter(MANAGER_TOKEN_PARAMETER)).toBe(world.machines.swarm.managerToken);
      expect(recordOf(world).tokensAt).not.toBe(LONG_AGO);
    },
  ),
  repair(
    "a repair that removes a dead manager",
    { services: [] },
    async (world) => {
      await world.after(30);
      const [dead = ""] = world.managers();
      world.machines.kill(dead);
      await world.until(() => !world.managers().includes(dead) && world.managers().length === 3);
      await world.after(600);
      const { name, applied } = await repaired(world);
      expect(applied).toMatchObject([{ kind: "remove-manager", subject: dead, result: "done" }]);
      return name;
    },
    (world) => {
      const nodes = [...world.machines.swarm.nodes.values()];
      expect(nodes.map(({ instanceId }) => instanceId).sort()).toEqual([...world.managers()].sort());
      expect(nodes.every(({ vote, state }) => vote && state === "ready")).toBe(true);
    },
  ),
];
