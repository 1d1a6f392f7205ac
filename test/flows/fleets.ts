// A fleet of five hundred, as if each had joined; and its ways to drift.
import type { Interceptor } from "../../sandbox/aws/handle.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { atBalancer } from "./drift.ts";
import { pushed } from "./rolls.ts";
import { createTestWorld, hive, type TestWorld, WORKERS, type WorldOptions } from "./world.ts";

export const FLEET = 500;

/** In the swarm and in service, as if each had joined; a join of its own would take the test minutes. */
export const fleet = async (options: WorldOptions = {}): Promise<TestWorld> => {
  const world = await createTestWorld({ ...options, most: FLEET + 100, services: [] });
  pushed(world, "a");
  world.bus.deliver = false;
  await world.desire(FLEET);
  await world.after(30);
  for (const { id } of world.members()) {
    const host = world.machines.host(id);
    host.images.add(hive().image);
    host.directories.add("/var/log/hive");
    const { instanceId, address } = host;
    host.nodeId = world.machines.swarm.admit({
      instanceId,
      address,
      role: "worker",
      availability: "active",
      labels: { "hive.instance-id": id, "hive.active-since": "2026-01-01T00:00:30Z" },
    }).id;
    await world.operator("autoscaling", "CompleteLifecycleAction", {
      AutoScalingGroupName: WORKERS,
      LifecycleHookName: "join",
      InstanceId: id,
      LifecycleActionResult: "CONTINUE",
    });
  }
  if (options.loadBalancer === "not attached")
    await atBalancer(world, "Register", ...world.members().map(({ id }) => id));
  // Only now: with each node that comes all waiting tasks would be looked through.
  world.machines.swarm.deploy(hive({ replicas: FLEET + 100 }));
  await world.after(60);
  return world;
};

/** Of each operation so many calls a second for everybody together, and twice as many at once: a bucket, as AWS has them. */
export const rateLimit = (
  perSecond: number,
  now: () => number,
): { intercept: Interceptor; refused(): number } => {
  const buckets = new Map<string, { left: number; at: number }>();
  let refused = 0;
  const intercept: Interceptor = async (call, next) => {
    if (call.caller.principal === "operator") return await next(call);
    const key = `${call.service} ${call.operation}`;
    const { left, at } = buckets.get(key) ?? { left: 2 * perSecond, at: now() };
    const filled = Math.min(2 * perSecond, left + ((now() - at) / 1000) * perSecond);
    const taken = filled >= 1;
    buckets.set(key, { left: taken ? filled - 1 : filled, at: now() });
    if (taken) return await next(call);
    refused++;
    throw new AwsError("ThrottlingException", `Rate exceeded (${call.operation})`);
  };
  return { intercept, refused: () => refused };
};
