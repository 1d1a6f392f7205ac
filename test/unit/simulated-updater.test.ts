// The simulated swarm does what was measured on the real one (docs/facts.md, "Docker Swarm"): flow tests of rolls rest on it.
import { createFixture, NEW, OLD } from "./simulated-fixture.ts";

const HOUR = 3600;

describe("an over-committed service", () => {
  it("fills its nodes, and its other tasks wait for room, which is no failure", async () => {
    const { running, ofState, service } = await createFixture();
    expect(running()).toBe(3);
    expect(ofState("pending")).toHaveLength(2);
    expect(ofState("pending")[0]?.status.error).toBe(
      "no suitable node (scheduling constraints not satisfied on 3 nodes; host-mode port already in use on 3 nodes)",
    );
    expect(service.updateStatus).toBeUndefined();
  });

  it("hands a waiting task to a node that becomes active", async () => {
    const { running, ofState, addWorker, seconds } = await createFixture();
    await addWorker("i-00000cc1");
    await seconds(5);
    expect(running()).toBe(4);
    expect(ofState("pending")).toHaveLength(1);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "hangs for good in a plain update of its image (seed %d)",
    async (seed) => {
      const { swarm, status, running, seconds } = await createFixture({ seed });
      swarm.setImage("hive", NEW);
      await seconds(6 * HOUR);
      expect(status()).toBe("updating");
      expect(running(OLD) + running(NEW)).toBeLessThanOrEqual(3);
      expect(swarm.observations.updates.map(({ state }) => state)).toEqual(["updating"]);
    },
  );

  it("is taken slot by slot in an order that is chance: with some, every place is new before it hangs", async () => {
    const replaced = new Set<number>();
    for (let seed = 1; seed <= 40; seed++) {
      const { swarm, status, running, seconds } = await createFixture({ seed });
      swarm.setImage("hive", NEW);
      await seconds(HOUR);
      expect(status()).toBe("updating");
      replaced.add(running(NEW));
    }
    expect([...replaced].sort()).toEqual(expect.arrayContaining([0, 1]));
  });

  it("converges when it is shrunk to its placed slots first, and gets its replicas back", async () => {
    const { swarm, status, running, ofState, seconds, clock } = await createFixture();
    const from = clock.now();
    swarm.scale("hive", 3);
    await seconds(5);
    expect(ofState("pending")).toEqual([]);
    swarm.setImage("hive", NEW);
    await seconds(60);
    expect(status()).toBe("completed");
    expect(running(NEW)).toBe(3);
    swarm.scale("hive", 5);
    await seconds(5);
    expect(running(NEW)).toBe(3);
    expect(ofState("pending")).toHaveLength(2);
    // One after the other, each stopped before its successor starts.
    expect(swarm.observations.minimumRunning("hive", from)).toBe(2);
  });

  it("can hang when shrink and image are one update that goes back by itself", async () => {
    const states = new Set<string>();
    for (let seed = 1; seed <= 10; seed++) {
      const { swarm, machines, status, seconds } = await createFixture({
        seed,
        service: { update: { failureAction: "rollback" } },
      });
      machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 0 });
      swarm.change("hive", "person", (spec) => ({
        ...spec,
        replicas: 3,
        template: { ...spec.template, image: NEW },
      }));
      await seconds(HOUR);
      states.add(status());
    }
    expect([...states]).toContain("rollback_started");
  });
});

describe("a bad image", () => {
  it.each([
    ["exits at once", { kind: "exits", code: 3, afterMs: 10 }, "failed", "task: non-zero exit (3)"],
    [
      "exits in the monitor period",
      { kind: "exits", code: 1, afterMs: 4_000 },
      "failed",
      "task: non-zero exit (1)",
    ],
    ["ends without an error", { kind: "exits", code: 0, afterMs: 2_000 }, "complete", ""],
    [
      "never becomes healthy",
      { kind: "unhealthy", afterMs: 30_000 },
      "failed",
      "task: non-zero exit (137): dockerexec: unhealthy container",
    ],
    ["cannot be started", { kind: "cannot start", error: "port is taken" }, "failed", "port is taken"],
  ] as const)(
    "that %s pauses the update after one task; the others run on",
    async (_, behaviour, state, error) => {
      const { swarm, machines, service, status, running, seconds, clock } = await createFixture({
        service: { replicas: 3, update: { delaySeconds: 6 } },
      });
      machines.images.behave(NEW, behaviour);
      const from = clock.now();
      swarm.setImage("hive", NEW);
      await seconds(60);
      const [failed] = [...swarm.tasks.values()].filter((task) => task.status.state === state);
      expect(failed?.status.error).toBe(error);
      expect(status()).toBe("paused");
      expect(service.updateStatus?.message).toBe(
        `update paused due to failure or early termination of task ${failed?.id}`,
      );
      await seconds(HOUR);
      expect(status()).toBe("paused");
      expect(running(OLD)).toBe(2);
      expect(swarm.observations.minimumRunning("hive", from)).toBe(2);
    },
  );

  it("that no host holds is rejected, again every five seconds, and pauses the update", async () => {
    const { swarm, service, status, seconds } = await createFixture({
      service: { replicas: 3, update: { delaySeconds: 1 } },
      images: [OLD],
    });
    swarm.setImage("hive", NEW);
    await seconds(60);
    expect(status()).toBe("paused");
    const rejected = [...swarm.tasks.values()].filter((task) => task.status.state === "rejected");
    expect(rejected[0]?.status.error).toBe(`No such image: ${NEW}`);
    const gaps = rejected.slice(1).map((task, index) => task.status.at - (rejected[index]?.status.at ?? 0));
    expect(gaps.length).toBeGreaterThan(5);
    for (const gap of gaps.slice(1)) expect(Math.abs(gap - 5_000)).toBeLessThan(500);
    // A slot remembers five tasks at most.
    for (const slot of ["1", "2", "3"])
      expect([...service.tasks].filter((task) => task.slot === slot).length).toBeLessThanOrEqual(5);
  });

  it("that never gets ready is waited for without an end", async () => {
    const { swarm, machines, status, running, seconds } = await createFixture({ service: { replicas: 3 } });
    machines.images.behave(NEW, { kind: "never ready" });
    swarm.setImage("hive", NEW);
    await seconds(6 * HOUR);
    expect(status()).toBe("updating");
    expect(running(OLD)).toBe(2);
  });

  it("that runs for some seconds takes others with it, unless the delay is as long as the monitor period", async () => {
    const least = async (delaySeconds: number): Promise<number> => {
      const { swarm, machines, status, seconds, clock } = await createFixture({
        service: { replicas: 3, update: { delaySeconds, monitorSeconds: 10 } },
      });
      machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 9_000 });
      const from = clock.now();
      swarm.setImage("hive", NEW);
      await seconds(60);
      expect(status()).toBe("paused");
      return swarm.observations.minimumRunning("hive", from);
    };
    expect(await least(0)).toBe(0);
    expect(await least(10)).toBe(2);
  });

  it("can take two with it without a delay: the next slot is handed out as the first one fails", async () => {
    const left = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const { swarm, machines, status, running, seconds } = await createFixture({
        seed,
        service: { replicas: 3 },
      });
      machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 10 });
      swarm.setImage("hive", NEW);
      await seconds(60);
      expect(status()).toBe("paused");
      left.add(running(OLD));
    }
    expect([...left].sort()).toEqual([1, 2]);
  });

  it("that fails after the monitor period counts for nothing", async () => {
    const { swarm, machines, status, seconds } = await createFixture({ service: { replicas: 3 } });
    machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 60_000 });
    swarm.setImage("hive", NEW);
    await seconds(55);
    expect(status()).toBe("completed");
  });

  it("does not stop an update back to the image before", async () => {
    const { swarm, machines, status, running, seconds } = await createFixture({ service: { replicas: 3 } });
    machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 10 });
    swarm.setImage("hive", NEW);
    await seconds(20);
    swarm.setImage("hive", OLD);
    expect(status()).not.toBe("paused");
    await seconds(30);
    expect(status()).toBe("completed");
    expect(running(OLD)).toBe(3);
  });
});

describe("the status of an update", () => {
  it("stays away when nothing is to be done", async () => {
    const { swarm, status, seconds } = await createFixture({ service: { replicas: 3 } });
    swarm.label("hive", { note: "x" });
    await seconds(60);
    expect(status()).toBe("none");
  });

  it("is reset by a label, and a paused update goes on", async () => {
    const { swarm, machines, status, running, seconds } = await createFixture({ service: { replicas: 3 } });
    let failures = 0;
    machines.images.behave(NEW, () =>
      failures++ === 0 ? { kind: "exits", code: 1, afterMs: 10 } : { kind: "good" },
    );
    swarm.setImage("hive", NEW);
    await seconds(30);
    expect(status()).toBe("paused");
    swarm.label("hive", { note: "x" });
    await seconds(60);
    expect(status()).toBe("completed");
    expect(running(NEW)).toBe(3);
  });

  it("reads rollback_completed on the bad image when a label was written into the bad update", async () => {
    const { swarm, machines, service, status, seconds } = await createFixture({
      service: { replicas: 3, update: { failureAction: "rollback", monitorSeconds: 30 } },
    });
    machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 8_000 });
    swarm.setImage("hive", NEW);
    await seconds(3);
    swarm.label("hive", { note: "x" });
    await seconds(300);
    expect(status()).toMatch(/^rollback_/);
    expect(service.spec.template.image).toBe(NEW);
  });

  it("goes back to the good image and takes a label back with it when nobody wrote in between", async () => {
    const { swarm, machines, service, status, running, seconds } = await createFixture({
      service: { replicas: 3, update: { failureAction: "rollback", monitorSeconds: 30 } },
    });
    machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 8_000 });
    swarm.change("hive", "person", (spec) => ({
      ...spec,
      labels: { note: "x" },
      template: { ...spec.template, image: NEW },
    }));
    await seconds(300);
    expect(status()).toBe("rollback_completed");
    expect(service.spec.labels).toEqual({});
    expect(running(OLD)).toBe(3);
  });

  it("counts as a write: whoever read before is out of sequence", async () => {
    const { swarm, service, seconds } = await createFixture({ service: { replicas: 3 } });
    swarm.setImage("hive", NEW);
    const { version, spec } = service;
    expect(swarm.updateService(service.id, version - 1, spec, "late")).toBe("out of sequence");
    await seconds(60);
    expect(swarm.updateService(service.id, version, spec, "late")).toBe("out of sequence");
    expect(swarm.updateService(service.id, service.version, spec, "in time")).toBe("updated");
    expect(swarm.updateService("nothing", 1, spec, "lost")).toBe("not found");
    expect(swarm.observations.writes.map(({ by }) => by)).toEqual(["person image", "in time"]);
  });
});

describe("an update by several at a time", () => {
  it.each([
    [1, 2],
    [2, 1],
    [0, 0],
  ])("of parallelism %d never leaves fewer than %d of three", async (parallelism, least) => {
    const { swarm, status, running, seconds, clock } = await createFixture({
      service: { replicas: 3, update: { parallelism } },
    });
    const from = clock.now();
    swarm.setImage("hive", NEW);
    await seconds(60);
    expect(status()).toBe("completed");
    expect(running(NEW)).toBe(3);
    expect(swarm.observations.minimumRunning("hive", from)).toBe(least);
  });

  it("waits between two", async () => {
    const { swarm, status, seconds, running } = await createFixture({
      service: { replicas: 3, update: { delaySeconds: 100 } },
    });
    swarm.setImage("hive", NEW);
    await seconds(90);
    expect(running(NEW)).toBe(1);
    await seconds(100);
    expect(running(NEW)).toBe(2);
    await seconds(250);
    expect(status()).toBe("completed");
  });

  it("starts first where it is told to, which a full cluster has no room for", async () => {
    const roomy = await createFixture({ service: { replicas: 2, update: { order: "start-first" } } });
    const from = roomy.clock.now();
    roomy.swarm.setImage("hive", NEW);
    await roomy.seconds(60);
    expect(roomy.status()).toBe("completed");
    expect(roomy.swarm.observations.minimumRunning("hive", from)).toBe(2);

    const full = await createFixture({ service: { replicas: 3, update: { order: "start-first" } } });
    full.swarm.setImage("hive", NEW);
    await full.seconds(HOUR);
    expect(full.status()).toBe("updating");
    expect(full.running(OLD)).toBe(3);
  });
});
