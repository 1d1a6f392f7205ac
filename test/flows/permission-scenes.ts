// Lives of one instance which together need every permission of functions and workers.
import { BUCKET, type PermissionWorld } from "./permission-world.ts";
import { first } from "./scenes.ts";
import type { WorldOptions } from "./world.ts";

export interface Scene {
  options?: WorldOptions;
  /** @returns the instance. Ends where its life ends, also when a permission is missing. */
  run(world: PermissionWorld): Promise<string>;
}

/** Until what an instance waits for has ended, and Lambda has tried again whatever it tries again. */
const ended = async (world: PermissionWorld, id: string, hook: "join" | "retire"): Promise<void> => {
  const action = () => world.autoScaling.hooks().find((one) => one.instanceId === id && one.hook === hook);
  await world.until(() => action()?.endedAt !== undefined);
  // One that was abandoned is not replaced: the next one would fare no better.
  if (action()?.result === "ABANDON") await world.desire(0);
  await world.after(300);
};

const joins = async (world: PermissionWorld): Promise<string> => {
  await world.desire(1);
  const id = first(world);
  await ended(world, id, "join");
  return id;
};

type Step = (world: PermissionWorld, id: string) => void | Promise<void>;

/** Joins and, where that came to pass, is retired. @param serving what happens while it serves */
const joinsAndRetires =
  (serving: Step = () => {}, retiring: Step = () => {}): Scene["run"] =>
  async (world) => {
    const id = await joins(world);
    if (world.state(id) !== "InService") return id;
    await serving(world, id);
    await world.after(60);
    world.terminate(id);
    await retiring(world, id);
    await ended(world, id, "retire");
    return id;
  };

/** The first manager that is asked for this stops answering; the flow cancels its command and asks the next. */
const managerStops =
  (document: string, hook: "join" | "retire"): Step =>
  async (world) => {
    const asked = () => world.commands(document).find(({ status }) => status === "InProgress");
    const over = () =>
      world.autoScaling.hooks().some((one) => one.hook === hook && one.endedAt !== undefined);
    await world.until(() => asked() !== undefined || over());
    const manager = asked()?.instanceId;
    if (manager) world.machines.freeze(manager);
  };

export const scenes = {
  "the group owns the load balancer": {
    options: { loadBalancer: "attached" },
    run: joinsAndRetires(),
  },
  "the flows own the load balancer": {
    options: { loadBalancer: "not attached" },
    run: joinsAndRetires(),
  },
  "logs are rescued": {
    options: { environment: { UNSHIPPED: "rescue", RESCUE_BUCKET: BUCKET } },
    run: joinsAndRetires((world, id) => world.machines.host(id).logs.block()),
  },
  "filebeat is dead": {
    run: joinsAndRetires((world, id) => world.machines.host(id).logs.stopFilebeat()),
  },
  "a manager stops while it activates": {
    run: async (world) => {
      await world.desire(1);
      await managerStops("activate-node", "join")(world, first(world));
      return await joins(world);
    },
  },
  "a manager stops while it drains": {
    run: joinsAndRetires(() => {}, managerStops("drain-node", "retire")),
  },
  "the load balancer never finds it healthy": {
    options: { loadBalancer: "not attached" },
    run: async (world) => {
      world.proxy.health = async () => "down";
      return await joins(world);
    },
  },
} satisfies Record<string, Scene>;

export type SceneName = keyof typeof scenes;

/** Words of every service's refusal, KMS's among them. */
export const REFUSAL = /is not authorized to perform|The ciphertext refers to/;

/**
 * How a life ended, in one line: what became of the flow and at which step, each kind of record that tells of a refusal with
 * the first step it was at, how the hook ended, and whether something is in the dead-letter queue.
 */
export const ending = (world: PermissionWorld, id: string, kind: "join" | "retire"): string => {
  const execution = world.executions().find(({ name }) => name === `${kind}-${id}-0`);
  const { outcome, step, logs, loadBalancer } = JSON.parse(execution?.result ?? "{}") as Record<
    string,
    string
  >;
  const detail = step ?? logs ?? loadBalancer;
  const became =
    execution === undefined
      ? "never started"
      : execution.status === "SUCCEEDED"
        ? `${outcome}${detail === undefined ? "" : ` (${detail})`}`
        : `execution ${execution.status}`;
  const told = new Map<string, string>();
  for (const { message, fields } of world.log) {
    if (execution === undefined || fields.flow !== execution.name || told.has(message)) continue;
    if (REFUSAL.test(JSON.stringify(fields)))
      told.set(message, fields.step === undefined ? message : `${message} (${fields.step})`);
  }
  const hook = world.autoScaling.hooks().find((one) => one.instanceId === id && one.hook === kind);
  return [
    became,
    ...(told.size > 0 ? [`told: ${[...told.values()].join(", ")}`] : []),
    `hook ${hook?.result} by ${hook?.by}`,
    ...(world.letters.length > 0 ? ["dead letter"] : []),
  ].join("; ");
};
