// What simulated managers and hosts answer to the documents of rolls, and what they write.
import { createFixture, type Fixture, image, NEW, OLD, repository } from "./simulated-fixture.ts";

const SINCE = "2026-01-01T00:00:20.000Z";
const begin = { image: NEW, since: SINCE };
const holders = "i-00000bb1 i-00000bb2 i-00000bb3";

const marker = ({ service }: Fixture, name: string): string | undefined =>
  service.spec.labels[`hive.roll.${name}`];

describe("survey-services", () => {
  it("tells of all services of exactly that repository, and of the workers", async () => {
    const { swarm, ask, nodeIds, setAvailability, seconds } = await createFixture();
    swarm.deploy({
      id: "alike",
      image: `${repository}-two@sha256:${"c".repeat(64)}`,
      directories: [],
      replicas: 1,
    });
    swarm.deploy({ id: "agent", mode: "global", image: image("a", "1.2"), directories: [], replicas: 0 });
    setAvailability(nodeIds[2] ?? "", "drain");
    swarm.admit({ instanceId: "i-00000cc1", address: "10.0.0.9", role: "worker", availability: "active" });
    await seconds(10);
    const { facts } = await ask("survey-services", { image: repository });
    expect(facts).toMatchObject({
      workers: ["i-00000bb1", "i-00000bb2"],
      unlabelled: 1,
      services: [
        {
          name: "hive",
          mode: "replicated",
          replicas: 5,
          image: OLD,
          managersOnly: false,
          labels: {},
          update: { state: "none", message: "", startedAt: "" },
          monitorSeconds: 5,
          failed: 0,
          failures: [],
          waiting: [expect.stringContaining("no suitable node")],
        },
        { name: "agent", mode: "global", replicas: null },
      ],
    });
    expect(facts.services[0].id).toMatch(/^[a-z0-9]{25}$/);
    expect(facts.services[0].tasks).toEqual(
      expect.arrayContaining([
        { image: OLD, state: "running", placed: true, count: 2 },
        { image: OLD, state: "pending", placed: false, count: 2 },
      ]),
    );
  });

  it("asks for a manager that has a leader", async () => {
    const { swarm, ask, run } = await createFixture();
    expect(await run("i-00000bb1", "survey-services", { image: repository })).toMatchObject({
      failed: { step: "manager" },
    });
    swarm.electing = true;
    expect(await ask("survey-services", { image: repository })).toMatchObject({
      failed: { step: "manager" },
    });
  });
});

describe("a whole roll", () => {
  it("shrinks, sets the image, restores, and leaves its traces", async () => {
    const fixture = await createFixture();
    const { write, service, swarm, running, clock } = fixture;
    const from = clock.now();
    expect(await write("begin", begin)).toMatchObject({ outcome: "done", facts: { replicas: 3 } });
    expect(service.spec.labels).toEqual({
      "hive.roll.id": "r1",
      "hive.roll.image": NEW,
      "hive.roll.from": OLD,
      "hive.roll.replicas": "5",
      "hive.roll.slots": "3",
      "hive.roll.phase": "begun",
      "hive.roll.since": SINCE,
      "hive.roll.seen": "2026-01-01T00:00:00.000Z",
    });
    const set = await write("image", { holders, waitSeconds: "60", parallelism: "1" });
    expect(set).toMatchObject({ outcome: "done", facts: { update: { state: "completed" }, image: NEW } });
    expect(service.spec.update).toMatchObject({ failureAction: "pause", order: "stop-first" });
    expect(await write("end")).toMatchObject({ outcome: "done", facts: { replicas: 5 } });
    expect(service.spec.labels).toEqual({
      "hive.roll.seen": "2026-01-01T00:00:00.000Z",
      "hive.roll.last": "r1",
      "hive.previous": OLD,
    });
    expect(running(NEW)).toBe(3);
    expect(swarm.observations.minimumRunning("hive", from)).toBe(2);
    expect(swarm.observations.strangers()).toEqual([]);
    expect(swarm.observations.writes.map(({ by }) => by)).toEqual(["r1 begin", "r1 image", "r1 end"]);
  });

  it("writes nothing twice", async () => {
    const { write, swarm } = await createFixture();
    for (const act of ["begin", "image", "end"]) {
      expect(await write(act, { ...begin, holders, waitSeconds: "60" })).toMatchObject({ outcome: "done" });
      const { length } = swarm.observations.writes;
      expect(await write(act, { ...begin, holders, waitSeconds: "60" })).toMatchObject({ outcome: "done" });
      expect(swarm.observations.writes).toHaveLength(length);
    }
  });

  it("answers at once when the update is paused, and names the failure", async () => {
    const fixture = await createFixture();
    const { write, machines, clock, running, service } = fixture;
    machines.images.behave(NEW, { kind: "exits", code: 3, afterMs: 100, lines: "one\ntwo" });
    await write("begin", begin);
    const at = clock.now();
    const { facts } = await write("image", { holders, waitSeconds: "600" });
    expect(clock.now() - at).toBeLessThan(10_000);
    expect(facts).toMatchObject({
      update: { state: "paused" },
      failed: 1,
      failures: [
        {
          state: "failed",
          error: "task: non-zero exit (3)",
          exitCode: 3,
          instance: expect.stringMatching(/^i-00000bb/),
          node: "ready",
          availability: "active",
          lines: "one\ntwo",
        },
      ],
    });
    await write("back", { cause: "start-failed", waitSeconds: "60" });
    expect(marker(fixture, "cause")).toBe("start-failed");
    expect(running(OLD)).toBe(3);
    await write("end");
    expect(service.spec).toMatchObject({ replicas: 5, labels: { "hive.roll.last": "r1" } });
    expect(service.spec.labels).not.toHaveProperty("hive.previous");
  });
});

describe("update-service", () => {
  it("writes nothing without its own marker", async () => {
    const { write, swarm } = await createFixture();
    for (const act of ["image", "shrink", "resume", "back", "end"])
      expect(await write(act, { holders })).toMatchObject({ outcome: "lost" });
    expect(swarm.observations.writes).toEqual([]);
  });

  it("takes another roll's marker over only when told to, with what that one had noted", async () => {
    const fixture = await createFixture();
    const { write, service } = fixture;
    await write("begin", begin);
    await write("image", { holders });
    expect(await write("begin", { ...begin, rollId: "r2", image: image("c") })).toMatchObject({
      outcome: "changed",
    });
    expect(await write("begin", { ...begin, rollId: "r2", expects: "r1", image: image("c") })).toMatchObject({
      outcome: "done",
    });
    expect(service.spec.labels).toMatchObject({
      "hive.roll.id": "r2",
      "hive.roll.image": image("c"),
      "hive.roll.from": OLD,
      "hive.roll.replicas": "5",
      "hive.roll.phase": "begun",
    });
    expect(await write("end")).toMatchObject({ outcome: "lost" });
  });

  it("names workers that became active meanwhile and do not hold the image", async () => {
    const { write, addWorker, swarm } = await createFixture();
    await write("begin", begin);
    await addWorker("i-00000cc1", [OLD]);
    expect(await write("image", { holders })).toMatchObject({ outcome: "new-hosts", hosts: "i-00000cc1" });
    expect(swarm.observations.writes).toHaveLength(1);
  });

  it("counts what a person scaled during the roll", async () => {
    const { write, swarm, service } = await createFixture();
    await write("begin", begin);
    swarm.scale("hive", 8);
    await write("shrink");
    expect(service.spec).toMatchObject({ replicas: 3, labels: { "hive.roll.replicas": "8" } });
    swarm.scale("hive", 2);
    await write("end");
    expect(service.spec.replicas).toBe(2);
  });

  it("is ahead of a shrink after a node was lost, and the update converges", async () => {
    const { write, machines, service, status, running, seconds } = await createFixture({
      timings: { taskStartMs: 20_000 },
    });
    await write("begin", begin);
    await write("image", { holders });
    machines.kill("i-00000bb2");
    await seconds(600);
    await write("shrink", { waitSeconds: "300" });
    expect(service.spec.labels["hive.roll.slots"]).toBe("2");
    expect(status()).not.toBe("updating");
    expect(running(NEW)).toBe(2);
  });

  it("wakes a paused update with a label", async () => {
    const { write, machines, service, running } = await createFixture();
    let failures = 0;
    machines.images.behave(NEW, () =>
      failures++ === 0 ? { kind: "exits", code: 1, afterMs: 10 } : { kind: "good" },
    );
    await write("begin", begin);
    await write("image", { holders, waitSeconds: "60" });
    await write("resume", { waitSeconds: "60" });
    expect(service.spec.labels["hive.roll.resumed"]).toBe("1");
    expect(running(NEW)).toBe(3);
  });

  it("waits before it counts slots until nothing starts", async () => {
    const { write, swarm, service, clock, running } = await createFixture({
      service: { replicas: 2 },
      timings: { taskStartMs: 10_000 },
    });
    swarm.scale("hive", 5);
    const at = clock.now();
    await write("begin", { ...begin, settleSeconds: "60" });
    expect(clock.now() - at).toBeGreaterThan(9_000);
    expect(service.spec.replicas).toBe(3);
    expect(running(OLD)).toBe(3);
  });

  it("tries again when somebody else wrote between its look and its write", async () => {
    const { write, swarm, service, clock } = await createFixture({ timings: { askMs: 2_000 } });
    clock.after(3_000, () => swarm.label("hive", { note: "x" }));
    await write("begin", begin);
    expect(service.spec.labels).toMatchObject({ note: "x", "hive.roll.id": "r1" });
  });

  it("does not write without a leader, though one was there when it looked", async () => {
    const { write, swarm, clock } = await createFixture({ timings: { askMs: 2_000 } });
    clock.after(1_000, () => {
      swarm.electing = true;
    });
    expect(await write("begin", begin)).toMatchObject({ failed: { step: "manager" } });
    expect(swarm.observations.writes).toEqual([]);
  });

  it("goes back to what most tasks run when an update was never finished", async () => {
    const { write, swarm, machines, service, seconds } = await createFixture({ service: { replicas: 3 } });
    machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 10 });
    swarm.setImage("hive", NEW);
    await seconds(60);
    await write("begin", { ...begin, image: image("c") });
    expect(service.spec.labels["hive.roll.from"]).toBe(OLD);
  });

  it("wakes a paused update only with the image to go back to", async () => {
    const { write, swarm, machines, service, running, seconds, clock } = await createFixture({
      service: { replicas: 3, update: { delaySeconds: 1 } },
    });
    machines.images.behave(NEW, { kind: "exits", code: 1, afterMs: 10 });
    swarm.setImage("hive", NEW);
    await seconds(60);
    const from = clock.now();
    await write("begin", { ...begin, image: image("c"), waitSeconds: "60" });
    expect(service.spec.template.image).toBe(OLD);
    expect(running(OLD)).toBe(3);
    expect(swarm.observations.minimumRunning("hive", from)).toBe(2);
  });

  it("counts a slot as placed whose task waits for its predecessor to stop", async () => {
    const { write, swarm, service, seconds } = await createFixture({
      service: { replicas: 3 },
      timings: { taskStopMs: 20_000 },
    });
    swarm.setImage("hive", NEW);
    await seconds(2);
    const { facts } = await write("begin", begin);
    // One of the update that was under way, and one more: a write begins it anew, which does not wait for the first.
    expect(facts.stopping).toBe(2);
    expect(service.spec.replicas).toBe(3);
  });

  it("refuses to go where no label says", async () => {
    const { write, swarm, service } = await createFixture();
    swarm.label("hive", { "hive.roll.id": "r1" });
    for (const act of ["image", "back"])
      expect(await write(act, { holders })).toMatchObject({ failed: { step: "update" } });
    expect(service.spec.template.image).toBe(OLD);
  });

  it("shrinks no global service", async () => {
    const { write, service, running } = await createFixture({ service: { mode: "global" } });
    await write("begin", begin);
    expect(service.spec.labels).toMatchObject({ "hive.roll.replicas": "", "hive.roll.slots": "" });
    await write("image", { holders, waitSeconds: "120" });
    expect(await write("shrink")).toMatchObject({ outcome: "done" });
    await write("end");
    expect(running(NEW)).toBe(3);
  });

  it("tells of a service that is gone", async () => {
    const { write, ask, swarm } = await createFixture();
    swarm.undeploy("hive");
    expect(await write("begin", begin)).toEqual({ outcome: "no-service" });
    expect(await ask("watch-service", { waitSeconds: "10" })).toEqual({ outcome: "no-service" });
  });
});

describe("watch-service", () => {
  it("looks until its time is over while the update goes on", async () => {
    const { write, ask, machines, clock } = await createFixture();
    machines.images.behave(NEW, { kind: "never ready" });
    await write("begin", begin);
    await write("image", { holders });
    const at = clock.now();
    expect(await ask("watch-service", { waitSeconds: "20" })).toMatchObject({
      outcome: "seen",
      facts: { update: { state: "updating" } },
    });
    expect(clock.now() - at).toBeGreaterThanOrEqual(20_000);
    expect(clock.now() - at).toBeLessThan(23_000);
  });

  it("answers at once for somebody else's roll", async () => {
    const { ask, clock } = await createFixture();
    const at = clock.now();
    await ask("watch-service", { waitSeconds: "60" });
    expect(clock.now() - at).toBeLessThan(1_000);
  });
});

describe("explain-task", () => {
  it("tells what a manager cannot: that a container that ended cleanly was unhealthy", async () => {
    const { write, run, machines } = await createFixture();
    machines.images.behave(NEW, { kind: "unhealthy", afterMs: 5_000, endsCleanly: true, lines: "one\ntwo" });
    await write("begin", begin);
    const { facts } = await write("image", { holders, waitSeconds: "20" });
    const [failure] = facts.failures;
    expect(failure).toMatchObject({
      state: "complete",
      exitCode: 0,
      error: expect.stringMatching(/^ended by itself/),
    });
    expect(failure.container).toMatch(/^[0-9a-f]{64}$/);
    const asked = { container: failure.container };
    expect(await run(failure.instance, "explain-task", asked)).toMatchObject({
      outcome: "seen",
      exitCode: 0,
      unhealthy: true,
      lines: "one\ntwo",
    });
    const [other = ""] = holders.split(" ").filter((id) => id !== failure.instance);
    expect(await run(other, "explain-task", asked)).toEqual({ outcome: "gone" });
  });
});

describe("hold-images", () => {
  it("creates what is to be mounted", async () => {
    const { run, machines } = await createFixture();
    await run("i-00000bb1", "hold-images", { images: NEW, directories: "/my+logs/a%2Bb" });
    expect([...machines.host("i-00000bb1").directories]).toEqual(["/my logs/a+b"]);
  });

  it("pulls what is missing, whatever tag the rest is held under, and prunes its repository", async () => {
    const { run, machines } = await createFixture({ images: [image("a", "1.1"), image("d"), image("e")] });
    const host = machines.host("i-00000bb1");
    host.images.add(`other@sha256:${"f".repeat(64)}`);
    expect(
      await run("i-00000bb1", "hold-images", {
        images: `${image("a", "latest")} ${NEW}`,
        keep: image("d"),
        prune: repository,
      }),
    ).toEqual({ held: 2, pulled: 1, pruned: 1, disk: 20, missing: "" });
    expect([...host.images].sort()).toEqual(
      [image("a", "1.1"), image("d"), NEW, `other@sha256:${"f".repeat(64)}`].sort(),
    );
  });

  it("spares what a container was made of, and prunes nothing unasked", async () => {
    const { run, machines } = await createFixture();
    expect(await run("i-00000bb1", "hold-images", { images: NEW, prune: repository })).toEqual({
      held: 1,
      pulled: 0,
      pruned: 0,
      disk: 20,
      missing: "",
    });
    machines.host("i-00000bb1").images.add(image("d"));
    expect(await run("i-00000bb1", "hold-images", { images: NEW })).toMatchObject({ pruned: 0 });
  });

  it("does without a spare that cannot be had", async () => {
    const { run, machines } = await createFixture({ images: [OLD] });
    machines.missingImages.add(image("c"));
    expect(await run("i-00000bb1", "hold-images", { images: `${OLD} +${image("c")} +${NEW}` })).toEqual({
      held: 2,
      pulled: 1,
      pruned: 0,
      disk: 20,
      missing: image("c"),
    });
  });

  it("fails as the registry, the role or the host has it", async () => {
    const { run, machines } = await createFixture({ images: [OLD] });
    const hold = () => run("i-00000bb1", "hold-images", { images: NEW });
    const failing = (text: string) => ({ failed: { step: "pull", cause: `${NEW}: ${text}` } });
    machines.missingImages.add(NEW);
    expect(await hold()).toEqual(failing("manifest unknown: manifest unknown"));
    machines.missingImages.clear();
    machines.refusedPulls.set(NEW, "denied: not authorized");
    expect(await hold()).toEqual(failing("denied: not authorized"));
    machines.refusedPulls.clear();
    machines.host("i-00000bb1").traits.pullFails = "no space left on device";
    expect(await hold()).toEqual(failing("no space left on device"));
    delete machines.host("i-00000bb1").traits.pullFails;
    expect(await hold()).toMatchObject({ pulled: 1 });
  });
});

describe("activate-node", () => {
  const activate = async ({ run, swarm, managers }: Fixture, images: string) => {
    const node = swarm.admit({
      instanceId: "i-00000cc1",
      address: "10.0.0.9",
      role: "worker",
      availability: "drain",
    });
    const answer = () =>
      run(managers[0] ?? "", "activate-node", {
        nodeId: node.id,
        instanceId: "i-00000cc1",
        images,
        directories: "",
        now: "1",
      });
    return { node, answer };
  };

  it("needs the images of a roll, and the one before", async () => {
    const fixture = await createFixture();
    await fixture.write("begin", begin);
    fixture.swarm.label("hive", { "hive.previous": image("c") });
    const { node, answer } = await activate(fixture, OLD);
    expect(await answer()).toMatchObject({
      outcome: "changed",
      images: `+${NEW} +${image("c")} ${OLD}`,
    });
    expect(node.availability).toBe("drain");
  });

  it("takes a host that holds a spare, or was asked to", async () => {
    const fixture = await createFixture();
    await fixture.write("begin", begin);
    const { node, answer } = await activate(fixture, `${OLD} +${NEW}`);
    expect(await answer()).toMatchObject({ outcome: "active" });
    expect(node.availability).toBe("active");
  });

  it("asks for the image itself once a spec names it", async () => {
    const fixture = await createFixture();
    await fixture.write("begin", begin);
    await fixture.write("image", { holders });
    const { answer } = await activate(fixture, `+${NEW} ${OLD}`);
    expect(await answer()).toMatchObject({ outcome: "changed", images: `+${OLD} ${NEW}` });
  });

  it("looks again when the node is active: a roll that began meanwhile is told, and the node stays", async () => {
    const fixture = await createFixture({ timings: { askMs: 2_000 } });
    const { node, answer } = await activate(fixture, OLD);
    fixture.clock.after(3_000, () => fixture.swarm.label("hive", { "hive.roll.image": NEW }));
    expect(await answer()).toMatchObject({ outcome: "changed", images: `+${NEW} ${OLD}` });
    expect(node.availability).toBe("active");
  });
});

describe("scale", () => {
  const scaled = { replicas: "7", was: "5" };

  it("changes the number of replicas alone, once", async () => {
    const { write, service } = await createFixture();
    const { replicas: _before, ...rest } = service.spec;
    expect(await write("scale", scaled)).toMatchObject({ outcome: "done", facts: { replicas: 7 } });
    expect(service.spec).toEqual({ ...rest, replicas: 7 });
    const { version } = service;
    expect(await write("scale", scaled)).toMatchObject({ outcome: "done" });
    expect(service.version).toBe(version);
  });

  it("leaves a service alone that a roll is at, that stands paused, or that somebody has scaled", async () => {
    const fixture = await createFixture();
    expect(await fixture.write("scale", { ...scaled, was: "4" })).toMatchObject({ outcome: "changed" });
    await fixture.write("begin", begin);
    expect(await fixture.write("scale", { ...scaled, was: "" })).toMatchObject({ outcome: "changed" });
    await fixture.write("end");
    fixture.service.updateStatus = { state: "paused", message: "", startedAt: 0 };
    expect(await fixture.write("scale", { ...scaled, was: "" })).toMatchObject({ outcome: "changed" });
  });

  it("refuses what has no number of replicas, and no number", async () => {
    const { write } = await createFixture({ service: { mode: "global" } });
    expect(await write("scale", scaled)).toMatchObject({
      failed: { cause: expect.stringContaining("it has no number of replicas") },
    });
    const other = await createFixture();
    expect(await other.write("scale", { replicas: "" })).toMatchObject({
      failed: { cause: expect.stringContaining("no number of replicas") },
    });
  });
});
