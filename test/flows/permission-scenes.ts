// Lives of one instance, and rolls of one image, which together need every permission of functions and workers.

import { askForBackup, backupOptions, backups } from "./backups.ts";
import { atBalancer, byHand, detach, loseEvents, loseManager, workersOf } from "./drift.ts";
import { ageTokens, ROTATED } from "./old-tokens.ts";
import { BUCKET, type PermissionWorld } from "./permission-world.ts";
import { askForPlan, partsUnknown, planExecutions } from "./plans.ts";
import { askForRepair, repairExecutions, reportOf } from "./repairs.ts";
import { pushed, rolled, running, serve, serviceOf } from "./rolls.ts";
import { first, retireManager } from "./scenes.ts";
import { pushWeb, putStack, stackFile, viz } from "./stacks.ts";
import { HISTORY, hive, image, type WorldOptions } from "./world.ts";

export interface Scene {
  options?: WorldOptions;
  /** @returns the instance, or the roll. Ends where its life ends, also when a permission is missing. */
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
  (document: string, over: (world: PermissionWorld) => boolean): Step =>
  async (world) => {
    const asked = () => world.commands(document).find(({ status }) => status === "InProgress");
    await world.until(() => asked() !== undefined || over(world));
    const manager = asked()?.instanceId;
    if (manager) world.machines.freeze(manager);
  };

const hookEnded =
  (hook: "join" | "retire") =>
  ({ autoScaling }: PermissionWorld): boolean =>
    autoScaling.hooks().some((one) => one.hook === hook && one.endedAt !== undefined);

const rollEnded = (world: PermissionWorld): boolean =>
  world.letters.length > 0 || (rollOf(world)?.status ?? "RUNNING") !== "RUNNING";

/** Workers join with every permission; then an image is pushed. @param during what happens to the roll */
const rolls =
  (before: Step = () => {}, during: Step = () => {}): Scene["run"] =>
  async (world) => {
    world.lacking = false;
    await serve(world);
    world.lacking = true;
    await before(world, "");
    pushed(world, "b");
    await during(world, "");
    await world.rest();
    return rollOf(world)?.name ?? "";
  };

const saves =
  (during: Step = () => {}): Scene["run"] =>
  async (world) => {
    await world.after(60);
    askForBackup(world);
    await during(world, "");
    await world.rest();
    return "";
  };

const rollOf = (world: PermissionWorld) => world.executions().find(({ name }) => name.startsWith("roll-"));

const REPAIRED: WorldOptions = {
  loadBalancer: "not attached",
  environment: { REPAIR_MOST_PERCENT: "100" },
};

/** Drift of every kind that a repair applies something to; then it is repaired. @param during what happens meanwhile */
const repairs =
  (during: Step = () => {}): Scene["run"] =>
  async (world) => {
    world.lacking = false;
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
    world.lacking = true;
    askForRepair(world);
    await during(world, "");
    await world.after(900);
    return "";
  };

/** Two services of the stack are missing, one of them managers', and a third has too few replicas; then it is repaired. */
const stackIsDeployed: Scene["run"] = async (world) => {
  world.lacking = false;
  await serve(world);
  world.registry.announces = false;
  pushWeb(world, "d", ["1.0.0"]);
  pushWeb(world, "e", ["1.0.0"], "hive-viz");
  await world.after(400);
  const [manager = ""] = world.managers();
  byHand(world, manager, { availability: "active" });
  const { deploy, image: app } = JSON.parse(stackFile({ image: image("a"), replicas: 1 })).services.web;
  putStack(world, { others: { viz, app: { image: app, deploy } } });
  world.lacking = true;
  askForRepair(world);
  await world.after(1800);
  return "";
};

/** What only managers run comes from the registry as well. */
const forManagers = () => [hive({ id: "viz", image: image("c"), replicas: 1, managersOnly: true })];

const secondManager =
  (before: Step = () => {}): Scene["run"] =>
  async (world) => {
    world.lacking = false;
    await world.after(5);
    await world.rest();
    world.lacking = true;
    const [first] = world.managers();
    await before(world, "");
    world.desireManagers(2);
    await world.after(2);
    const id = world.managers().find((one) => one !== first) ?? "";
    await ended(world, id, "join");
    return id;
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
      await managerStops("activate-node", hookEnded("join"))(world, first(world));
      return await joins(world);
    },
  },
  "a manager stops while it drains": {
    run: joinsAndRetires(() => {}, managerStops("drain-node", hookEnded("retire"))),
  },
  "a manager retires": {
    options: { managerHooks: ["retire"] },
    run: async (world) => {
      await world.after(30);
      const id = retireManager(world);
      await ended(world, id, "retire");
      return id;
    },
  },
  "the first manager forms the swarm": {
    options: { swarm: "none", managers: 1, services: forManagers() },
    run: async (world) => {
      await world.after(5);
      const [id = ""] = world.managers();
      await ended(world, id, "join");
      return id;
    },
  },
  "a second manager joins": {
    options: { swarm: "none", managers: 1, services: forManagers() },
    run: secondManager(),
  },
  "a second manager joins, and is undone": {
    options: { swarm: "none", managers: 1, services: forManagers() },
    run: secondManager((world) => void world.machines.refusedPulls.set(image("c"), "manifest unknown")),
  },
  "the load balancer never finds it healthy": {
    options: { loadBalancer: "not attached" },
    run: async (world) => {
      world.proxy.health = async () => "down";
      return await joins(world);
    },
  },
  "an image is rolled": { run: rolls() },
  "an image that starts slowly is rolled": { options: { timings: { taskStartMs: 15_000 } }, run: rolls() },
  "an image that exits is rolled back": {
    run: rolls((world) => world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 50 })),
  },
  "the cluster is looked at": {
    run: async (world) => {
      world.lacking = false;
      await serve(world);
      world.lacking = true;
      askForPlan(world);
      await world.after(600);
      return "";
    },
  },
  "the cluster is repaired": { options: REPAIRED, run: repairs() },
  "a manager's machine is gone": {
    run: async (world) => {
      world.lacking = false;
      await serve(world);
      await loseManager(world);
      world.lacking = true;
      askForRepair(world);
      await world.after(900);
      return "";
    },
  },
  "a person has a detached machine taken out": {
    options: REPAIRED,
    run: async (world) => {
      world.lacking = false;
      await serve(world);
      const [id = ""] = workersOf(world);
      await detach(world, id);
      await world.after(60);
      world.lacking = true;
      askForRepair(world, { actions: [{ kind: "deregister-instance", subject: id }] });
      await world.after(600);
      return "";
    },
  },
  "the stack is deployed": {
    options: {
      services: [
        hive(),
        { id: "hive_app", image: image("a"), directories: [], replicas: 1, reservedCpus: 0.5 },
      ],
    },
    run: stackIsDeployed,
  },
  "the join tokens are rotated": {
    options: ROTATED,
    run: async (world) => {
      world.lacking = false;
      await serve(world);
      ageTokens(world);
      world.lacking = true;
      askForRepair(world);
      await world.after(1800);
      return "";
    },
  },
  "a manager stops while nodes are mended": {
    options: REPAIRED,
    run: repairs(
      managerStops("mend-nodes", (world) =>
        repairExecutions(world).some(({ status }) => status !== "RUNNING"),
      ),
    ),
  },
  "a manager stops while a roll begins": {
    run: rolls(undefined, managerStops("update-service", rollEnded)),
  },
  "the swarm's state is saved": { options: backupOptions(), run: saves() },
  "a manager dies while its state is saved": {
    options: backupOptions(),
    run: saves(async (world) => {
      const asked = () => world.commands("backup-swarm").find(({ status }) => status === "InProgress");
      const over = () =>
        backups(world).some(({ status }) => status !== "RUNNING") || world.letters.length > 0;
      await world.until(() => asked() !== undefined || over());
      const manager = asked()?.instanceId;
      if (manager) world.machines.kill(manager);
    }),
  },
} satisfies Record<string, Scene>;

export type SceneName = keyof typeof scenes;

/** Words of every service's refusal, KMS's among them. */
export const REFUSAL = /is not authorized to perform|The ciphertext refers to/;

/** Each kind of record that tells of a refusal, with the first step it was at. */
const refusals = (world: PermissionWorld, flow: string | undefined): string[] => {
  const told = new Map<string, string>();
  for (const { message, fields } of world.log) {
    // That of every step is no flow's own word.
    if (flow === undefined || fields.flow !== flow || message === "step ended" || told.has(message)) continue;
    if (REFUSAL.test(JSON.stringify(fields)))
      told.set(message, fields.step === undefined ? message : `${message} (${fields.step})`);
  }
  return told.size > 0 ? [`told: ${[...told.values()].join(", ")}`] : [];
};

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
  const told = refusals(world, execution?.name);
  const hook = world.autoScaling.hooks().find((one) => one.instanceId === id && one.hook === kind);
  return [
    became,
    ...told,
    `hook ${hook?.result} by ${hook?.by}`,
    ...(world.letters.length > 0 ? ["dead letter"] : []),
  ].join("; ");
};

/**
 * How a roll ended, in one line: what became of the execution, the outcome with its cause, what tells of a refusal, what the
 * service runs and whether a marker was left, whether outcome and history are where people look, and whether something is in the
 * dead-letter queue.
 */
export const rollEnding = (world: PermissionWorld): string => {
  const execution = rollOf(world);
  const outcome = world.log.find(({ message }) => /^roll (?!begins)/.test(message));
  const { code } = (outcome?.fields.cause ?? {}) as { code?: string };
  const { spec } = serviceOf(world);
  const stands = spec.labels["hive.roll.id"] !== undefined;
  const said = /keeps its marker/.test(String(outcome?.fields.because));
  return [
    execution === undefined ? "never started" : execution.status,
    ...(outcome ? [outcome.message + (code === undefined ? "" : ` (${code})`)] : []),
    ...refusals(world, execution?.name),
    `runs ${Object.entries(running(world))
      .map(([digit, count]) => count + digit)
      .join(" ")}`,
    ...(stands
      ? [`marker stays, ${said ? "as told" : "and nobody is told"}`]
      : said
        ? ["no marker, though told"]
        : []),
    ...(world.published.length > 0 ? [] : ["not published"]),
    ...(world.parameter(`${HISTORY}/hive`) === undefined ? ["no history"] : []),
    ...(world.letters.length > 0 ? ["dead letter"] : []),
  ].join("; ");
};

/** How a repair ended, in one line: what became of the execution, what could not be read, and what became of each kind of action. */
export const repairEnding = (world: PermissionWorld): string => {
  const execution = repairExecutions(world)[0];
  const applied = execution?.status === "SUCCEEDED" ? reportOf(execution).applied : [];
  const kinds = Map.groupBy(applied, ({ result }) => result);
  return [
    execution === undefined ? "never started" : execution.status,
    ...(execution?.status === "SUCCEEDED"
      ? [`unknown: ${partsUnknown(execution).join(", ") || "nothing"}`]
      : []),
    ...[...kinds]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([result, views]) => `${result}: ${[...new Set(views.map(({ kind }) => kind))].join(", ")}`),
    ...refusals(world, execution?.name),
    ...(world.letters.length > 0 ? ["dead letter"] : []),
  ].join("; ");
};

/** How a backup ended, in one line: what became of the execution, and of which engine the copy is. */
export const backupEnding = (world: PermissionWorld): string => {
  const execution = backups(world)[0];
  const { outcome, engine, step } = JSON.parse(execution?.result ?? "{}") as Record<string, string>;
  return [
    execution === undefined ? "never started" : execution.status,
    ...(outcome === undefined ? [] : [`${outcome} (${engine ?? step})`]),
    ...refusals(world, execution?.name),
    ...(world.letters.length > 0 ? ["dead letter"] : []),
  ].join("; ");
};

/** How a look at the cluster ended, in one line: what became of the execution, and which parts could not be read. */
export const planEnding = (world: PermissionWorld): string => {
  const execution = planExecutions(world)[0];
  return [
    execution === undefined ? "never started" : execution.status,
    ...(execution?.status === "SUCCEEDED"
      ? [`unknown: ${partsUnknown(execution).join(", ") || "nothing"}`]
      : []),
    ...refusals(world, execution?.name),
    ...(world.letters.length > 0 ? ["dead letter"] : []),
  ].join("; ");
};
