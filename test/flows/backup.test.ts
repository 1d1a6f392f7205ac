// Backups of the swarm's state on simulated machines: which manager makes the copy, and what becomes of it when managers are in trouble.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { askForBackup, BACKUPS, backedUp, backups, backupWorld, watchEngines } from "./backups.ts";
import { problemsOf, type TestWorld, throttleFirst } from "./world.ts";

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

const leaderOf = (world: TestWorld): string => world.machines.swarm.leader()?.instanceId ?? "";

const others = (world: TestWorld): string[] => world.managers().filter((id) => id !== leaderOf(world));

const labels = (world: TestWorld): string[] =>
  [...world.machines.swarm.nodes.values()]
    .flatMap(({ labels }) => Object.keys(labels))
    .filter((name) => name === "hive.backup");

/** The document begins to stop the engine of a manager. */
const whenStopped = async (world: TestWorld, stops: readonly string[]): Promise<string> => {
  await world.until(() => stops.length > 0, 3600);
  return stops[0] ?? "";
};

describe("a backup", () => {
  it("is made on a manager that does not lead, and is told with key, bytes and seconds", async () => {
    const world = await backupWorld();
    const seen = watchEngines(world);
    askForBackup(world);
    const outcome = await backedUp(world);
    expect(outcome).toMatchObject({
      outcome: "saved",
      engine: "stopped",
      bucket: BACKUPS,
      downMillis: 3_000,
    });
    expect(world.machines.saved).toEqual([
      {
        instanceId: expect.stringMatching(/^i-/),
        bucket: BACKUPS,
        key: expect.stringMatching(/^hive\/swarm\/2026-01-01T00-\d\d-\d\d-swarm\.tar\.gz$/),
      },
    ]);
    expect(others(world)).toContain(world.machines.saved[0]?.instanceId);
    expect(seen).toEqual({ stops: [world.machines.saved[0]?.instanceId], wrongs: [] });
    expect(labels(world)).toEqual([]);
    const [record, ...more] = world.logged("backup saved");
    expect(more).toEqual([]);
    expect(record?.fields).toMatchObject({
      key: world.machines.saved[0]?.key,
      bytes: 200_000,
      seconds: expect.any(Number),
    });
    expect(world.log.filter(({ level }) => level !== "info")).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
  });

  it("is not made where no bucket is configured, and nothing fails", async () => {
    const world = await backupWorld({ environment: { BACKUP_BUCKET: "" } });
    askForBackup(world);
    expect(await backedUp(world)).toEqual({ outcome: "not configured" });
    expect(world.logged("backup not configured")).toHaveLength(1);
    expect(world.commands()).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
  });

  it("is one, however many ask while it is under way; the next one is another", async () => {
    const world = await backupWorld();
    const seen = watchEngines(world);
    for (const kind of ["Due", "Due", "Requested"] as const) askForBackup(world, kind);
    await world.after(2);
    askForBackup(world, "Requested");
    await backedUp(world);
    expect(backups(world)).toHaveLength(1);
    askForBackup(world);
    await backedUp(world);
    expect(backups(world)).toHaveLength(2);
    expect(world.machines.saved).toHaveLength(2);
    expect(seen.wrongs).toEqual([]);
    expect(problemsOf(world)).toEqual([]);
  });

  it.each([1, 2])(
    "of a swarm of %d manager(s) stops none: there is no other to lead on",
    async (managers) => {
      const world = await backupWorld({ managers });
      const seen = watchEngines(world);
      askForBackup(world);
      expect(await backedUp(world)).toMatchObject({
        outcome: "saved",
        engine: "running",
        downMillis: 0,
        managers,
      });
      expect(seen.stops).toEqual([]);
      expect(world.machines.saved[0]?.key).toMatch(/-running\.tar\.gz$/);
      expect(world.log.filter(({ level }) => level !== "info")).toEqual([]);
    },
  );

  it("under autolock stops none: it would stay locked", async () => {
    const world = await backupWorld();
    world.machines.swarm.autolock = true;
    const seen = watchEngines(world);
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({ outcome: "saved", engine: "running", autolock: true });
    expect(seen.stops).toEqual([]);
  });

  it.each([
    ["while rolls and repairs are paused", '{"why":"move","by":"ann","at":"2026-01-01T00:00:00Z"}'],
    ["while nobody can tell whether they are", "no JSON"],
  ])("%s stops none", async (_when, pause) => {
    const world = await backupWorld();
    world.putParameter(world.config.pauseParameter, pause);
    const seen = watchEngines(world);
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({ outcome: "saved", engine: "running" });
    expect(seen.stops).toEqual([]);
  });

  it("survives APIs that throttle every first call", async () => {
    const world = await backupWorld({ interceptors: [throttleFirst(1)] });
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({ outcome: "saved", engine: "stopped" });
  });
});

describe("when managers are in trouble", () => {
  it("waits for one that is away, and stops none meanwhile", async () => {
    const world = await backupWorld();
    const [, other = ""] = others(world);
    world.machines.freeze(other);
    const seen = watchEngines(world);
    askForBackup(world);
    await world.after(150);
    expect(seen.stops).toEqual([]);
    world.machines.thaw(other);
    expect(await backedUp(world)).toMatchObject({ outcome: "saved", engine: "stopped" });
    expect(seen.wrongs).toEqual([]);
  });

  it("saves the state of a running engine when one stays away, and says so", async () => {
    const world = await backupWorld();
    const [, other = ""] = others(world);
    world.machines.kill(other);
    const seen = watchEngines(world);
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({ outcome: "saved", engine: "running" });
    expect(seen.stops).toEqual([]);
    expect(world.logged("backup saved, of a running engine")).toHaveLength(1);
  });

  it("finds another one when leadership moves to whoever is asked", async () => {
    const world = await backupWorld();
    const seen = watchEngines(world);
    const { swarm } = world.machines;
    const leader = swarm.leader.bind(swarm);
    let asked = 0;
    // The first two that are asked are the leader just then.
    swarm.leader = () => {
      const running = world.commands("backup-swarm").find(({ status }) => status === "InProgress");
      asked = Math.max(asked, world.commands("backup-swarm").length);
      const node = [...swarm.nodes.values()].find(({ instanceId }) => instanceId === running?.instanceId);
      return asked <= 2 && node ? node : leader();
    };
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({ outcome: "saved" });
    expect(seen.wrongs).toEqual([]);
  });

  it("one that dies while its engine is stopped is told at once, and the state is saved elsewhere, of a running engine", async () => {
    const world = await backupWorld();
    const seen = watchEngines(world);
    askForBackup(world);
    const dying = await whenStopped(world, seen.stops);
    await world.after(1);
    world.machines.kill(dying);
    const outcome = await backedUp(world);
    expect(outcome).toMatchObject({ outcome: "saved", engine: "running" });
    expect(world.machines.saved.map(({ instanceId }) => instanceId)).not.toContain(dying);
    expect(seen).toEqual({ stops: [dying], wrongs: [] });
    expect(world.logged("a manager did not come back from its backup")).toMatchObject([
      { level: "error", fields: { instanceId: dying } },
    ]);
  });

  it("one that hangs while its engine is stopped starts it again by itself", async () => {
    const world = await backupWorld();
    const seen = watchEngines(world);
    askForBackup(world);
    const hanging = await whenStopped(world, seen.stops);
    world.machines.freeze(hanging);
    await backedUp(world);
    world.machines.thaw(hanging);
    expect(world.machines.host(hanging).responsive()).toBe(true);
    expect(seen.stops).toEqual([hanging]);
  });

  it("fails with an error record, and no dead letter, when no manager answers for an hour", async () => {
    const world = await backupWorld();
    for (const id of world.managers()) world.machines.kill(id);
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({ outcome: "failed", step: "save state" });
    expect(world.logged("backup failed")).toMatchObject([{ level: "error" }]);
    expect(world.letters).toEqual([]);
  });

  it("stops one engine and no second one when the bucket refuses", async () => {
    const world = await backupWorld();
    world.machines.authorize = (_instance, { service }) => {
      if (service === "s3") throw new AwsError("AccessDenied", "not allowed", 403);
    };
    const seen = watchEngines(world);
    askForBackup(world);
    expect(await backedUp(world)).toMatchObject({
      outcome: "failed",
      cause: expect.stringMatching(/upload: s3 PUT hive-backups\/hive\/swarm\/.*AccessDenied/),
    });
    expect(seen.stops).toHaveLength(1);
    expect(world.machines.saved).toEqual([]);
    expect(labels(world)).toEqual([]);
  });

  it("two copies at the same moment, however they came to be, never stop two engines", async () => {
    const world = await backupWorld();
    const seen = watchEngines(world);
    const [one = "", other = ""] = others(world);
    for (const [id, second] of [
      [one, "01"],
      [other, "02"],
    ])
      world.operator("ssm", "SendCommand", {
        DocumentName: "hive-swarm-dev-backup-swarm",
        InstanceIds: [id],
        Parameters: { bucket: [BACKUPS], prefix: ["hive/swarm"], time: [`2026-01-01T00-00-${second}`] },
      });
    await world.after(60);
    expect(seen.wrongs).toEqual([]);
    expect(seen.stops.length).toBeLessThanOrEqual(1);
    expect(labels(world)).toEqual([]);
  });
});
