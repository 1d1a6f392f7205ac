// Drift that tests make by hand on simulated machines.
import { rollingWorld, serviceOf } from "./rolls.ts";
import { ELB, MANAGERS, type TestWorld, WORKERS, type WorldOptions } from "./world.ts";

export const served = (options: WorldOptions = {}, workers = 3) => rollingWorld({ workers, ...options });

export const workersOf = (world: TestWorld): string[] => world.members().map(({ id }) => id);

export const oneOf = (world: TestWorld): string => {
  const [id] = workersOf(world);
  if (id === undefined) throw new Error("there is no worker");
  return id;
};

export const nodeOf = (world: TestWorld, id: string) => {
  const [node] = world.machines.swarm.nodesOfInstance(id);
  if (!node) throw new Error(`${id} has no node`);
  return node;
};

/** What a person does with `docker node update`. */
export const byHand = (world: TestWorld, id: string, change: Partial<ReturnType<typeof nodeOf>>): void => {
  const node = nodeOf(world, id);
  const { availability, labels } = { ...node, ...change };
  world.machines.swarm.updateNode(node.id, node.version, { availability, labels });
};

export const detach = async (world: TestWorld, id: string, group = WORKERS): Promise<void> => {
  await world.operator("autoscaling", "DetachInstances", {
    AutoScalingGroupName: group,
    InstanceIds: [id],
    ShouldDecrementDesiredCapacity: true,
  });
};

/** The machine of a manager is gone without a hook, and the swarm has seen it. @returns instance and node */
export const loseManager = async (world: TestWorld): Promise<{ id: string; nodeId: string }> => {
  const id = world.managers().at(-1) ?? "";
  const { id: nodeId } = nodeOf(world, id);
  await detach(world, id, MANAGERS);
  world.machines.kill(id);
  await world.after(600);
  return { id, nodeId };
};

/** From now on EventBridge delivers nothing. */
export const loseEvents = (world: TestWorld): void => {
  world.bus.deliver = false;
};

export const atBalancer = async (
  world: TestWorld,
  what: "Register" | "Deregister",
  ...ids: readonly (string | undefined)[]
): Promise<void> => {
  const operation =
    what === "Register" ? "RegisterInstancesWithLoadBalancer" : "DeregisterInstancesFromLoadBalancer";
  await world.operator("elasticloadbalancing", operation, {
    LoadBalancerName: ELB,
    Instances: ids.map((InstanceId) => ({ InstanceId })),
  });
};

/** The execution of the roll that is under way is stopped, as no crash could: its marker stays. */
export const stopRoll = async (world: TestWorld): Promise<void> => {
  await world.until(() => serviceOf(world).spec.labels["hive.roll.id"] !== undefined);
  const rolling = world
    .executions()
    .find(({ name, status }) => name.startsWith("roll-") && status === "RUNNING");
  world.durable.stop(rolling?.arn ?? "");
};
