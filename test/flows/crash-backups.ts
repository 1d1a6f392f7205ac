// The backups that crash: one engine is stopped, and no more, whatever is asked for again.
import { askForBackup, backedUp, backupOptions, backups, watchEngines } from "./backups.ts";
import { type Scenario, scenarioOf } from "./crashes.ts";
import type { TestWorld } from "./world.ts";

const backup = scenarioOf("backup-swarm");

const seen = new WeakMap<TestWorld, ReturnType<typeof watchEngines>>();

const begins = async (world: TestWorld): Promise<ReturnType<typeof watchEngines>> => {
  await world.after(60);
  const watched = watchEngines(world);
  seen.set(world, watched);
  askForBackup(world);
  return watched;
};

const ends = async (world: TestWorld): Promise<string> => {
  await backedUp(world);
  return backups(world)[0]?.name ?? "";
};

export const crashingBackups: readonly Scenario[] = [
  backup(
    "a backup",
    backupOptions(),
    async (world) => {
      await begins(world);
      return await ends(world);
    },
    (world, name) => {
      expect(world.execution(name).outcome).toMatchObject({ outcome: "saved", engine: "stopped" });
      expect(seen.get(world)).toEqual({ stops: [expect.any(String)], wrongs: [] });
      expect(world.machines.saved).toHaveLength(1);
      expect(world.logged("backup saved").length).toBeGreaterThanOrEqual(1);
    },
  ),
  backup(
    "a backup that waits for one manager, and then loses the one whose engine is stopped",
    backupOptions(),
    async (world) => {
      await world.after(60);
      const leader = world.machines.swarm.leader()?.instanceId;
      const hanging = world.managers().find((id) => id !== leader) ?? "";
      world.machines.freeze(hanging);
      const { stops } = await begins(world);
      await world.after(100);
      world.machines.thaw(hanging);
      await world.until(() => stops.length > 0, 3600);
      await world.after(1);
      world.machines.kill(stops[0] ?? "");
      return await ends(world);
    },
    (world, name) => {
      expect(world.execution(name).outcome).toMatchObject({ outcome: "saved", engine: "running" });
      expect(seen.get(world)).toEqual({ stops: [expect.any(String)], wrongs: [] });
      expect(world.logged("a manager did not come back from its backup").length).toBeGreaterThanOrEqual(1);
    },
  ),
];
