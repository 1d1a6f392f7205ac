// What the tests of backups have in common: asking for one, and what came of it.
import type { BackupOutcome } from "../../shared/flows/backup.ts";
import { createTestWorld, type TestWorld, type WorldOptions } from "./world.ts";

export const BACKUPS = "hive-backups";

export const backupOptions = (options: WorldOptions = {}): WorldOptions => ({
  services: [],
  ...options,
  environment: { BACKUP_BUCKET: BACKUPS, ...options.environment },
});

/** Its managers are in service. */
export const backupWorld = async (options: WorldOptions = {}): Promise<TestWorld> => {
  const world = await createTestWorld(backupOptions(options));
  await world.after(60);
  return world;
};

/** As the schedule does, or a person. */
export const askForBackup = (world: TestWorld, kind: "Due" | "Requested" = "Due"): void =>
  world.deliver({ source: "hive-swarm", "detail-type": `Backup ${kind}`, detail: {} });

export const backups = (world: TestWorld) =>
  world.executions().filter(({ name }) => name.startsWith("backup-"));

/** What the newest one ended with, once all have ended. */
export const backedUp = async (world: TestWorld): Promise<BackupOutcome> => {
  await world.rest();
  const last = backups(world).at(-1);
  if (last?.status !== "SUCCEEDED")
    throw new Error(`The backup ended ${last?.status}: ${JSON.stringify(last?.error)}`);
  return JSON.parse(last.result ?? "null") as BackupOutcome;
};

/** Watches the engines from now on. @returns what nobody may see: two away at the same time, or the leader's. */
export const watchEngines = (world: TestWorld): { stops: string[]; wrongs: string[] } => {
  const seen = { stops: [] as string[], wrongs: [] as string[] };
  const leaderOf = () => world.machines.swarm.leader()?.instanceId;
  for (const id of world.managers()) {
    const host = world.machines.host(id);
    const stop = host.stopEngine.bind(host);
    host.stopEngine = (guardMs) => {
      seen.stops.push(id);
      if (leaderOf() === id) seen.wrongs.push(`${id} leads, and is stopped`);
      const away = world.managers().filter((other) => {
        const there = world.machines.hosts.get(other);
        return there === undefined || !there.responsive();
      });
      if (away.length > 0) seen.wrongs.push(`${away.join(", ")} away, and ${id} is stopped as well`);
      stop(guardMs);
    };
  }
  return seen;
};
