// Rolls that are not left alone: other pushes, machines that come and go, people who write to the service.
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import {
  ends,
  outcomes,
  pushed,
  REPOSITORY,
  rolled,
  rollingWorld,
  rollProblems,
  running,
  serviceOf,
} from "./rolls.ts";
import { digest, image, type TestWorld } from "./world.ts";

const undo = hastenSuspension();
afterAll(() => undo());

describe("pushes that come together", () => {
  it("a second one in the middle: the first ends as superseded, the second converges, and N is what it was", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await world.until(() => running(world).b === 1);
    pushed(world, "c");
    await rolled(world, 2);
    expect(ends(world).sort()).toEqual(["1.4.2 superseded", "1.4.3 converged"]);
    expect(running(world)).toEqual({ c: 3 });
    expect(rollProblems(world)).toEqual([]);
  });

  it("one in the middle of a way back takes over from it, and goes back to the image that was proved", async () => {
    const world = await rollingWorld();
    world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 50 });
    world.machines.images.behave(image("c"), { kind: "exits", code: 4, afterMs: 50 });
    pushed(world, "b");
    await world.until(() => serviceOf(world).spec.labels["hive.roll.phase"] === "back");
    pushed(world, "c");
    await rolled(world, 2);
    expect(running(world)).toEqual({ a: 3 });
    expect(serviceOf(world).spec.template.image).toBe(image("a"));
    expect(ends(world)).toContain("1.4.3 rolled back");
    expect(rollProblems(world)).toEqual([]);
  });

  it("an older one that arrives late changes nothing, before and after the newer one has been rolled", async () => {
    const world = await rollingWorld();
    world.registry.announces = false;
    pushed(world, "b");
    await world.after(1);
    world.registry.announces = true;
    pushed(world, "c");
    const late = { ...world.events.at(-1) };
    const detail = { ...late.detail, "image-digest": digest("b"), "image-tag": "1.4.2" };
    world.deliver({ ...late, detail });
    await rolled(world, 2);
    const writes = world.machines.swarm.observations.writes.length;
    await world.after(3600);
    world.deliver({ ...late, detail });
    await rolled(world, 3);
    expect(ends(world).sort()).toEqual(["1.4.2 skipped", "1.4.2 superseded", "1.4.3 converged"]);
    expect(running(world)).toEqual({ c: 3 });
    expect(world.machines.swarm.observations.writes).toHaveLength(writes);
  });

  it("ten in a burst end on the newest, in one roll", async () => {
    const world = await rollingWorld();
    for (let number = 0; number < 10; number++) {
      world.registry.push({ repository: REPOSITORY, digest: digest(String(number)), tag: `2.0.${number}` });
      await world.after(2);
    }
    await rolled(world, 10);
    expect(outcomes(world).filter(({ outcome }) => outcome === "converged")).toMatchObject([
      { version: "2.0.9" },
    ]);
    expect(outcomes(world).filter(({ outcome }) => outcome === "superseded")).toHaveLength(9);
    expect(running(world)).toEqual({ 9: 3 });
    const begun = world.machines.swarm.observations.writes.filter(({ by }) => by.endsWith(" begin"));
    expect(begun).toHaveLength(1);
  });

  it("a tag that is moved back to an older image is told as such, and rolls nothing", async () => {
    const world = await rollingWorld({ environment: { ROLL_TAGS: "latest" } });
    pushed(world, "b");
    await rolled(world);
    await world.after(3600);
    world.registry.push({ repository: REPOSITORY, digest: digest("a"), tag: "latest" });
    await rolled(world, 2);
    expect(outcomes(world)[1]).toMatchObject({ outcome: "skipped" });
    expect(outcomes(world)[1]?.because).toMatch(/older image than 1\.4\.2.*a person can/);
    expect(running(world)).toEqual({ b: 3 });
  });
});

describe("in the middle of a roll", () => {
  const midway = async (options = {}): Promise<TestWorld> => {
    const world = await rollingWorld(options);
    pushed(world, "b");
    await world.until(() => running(world).b === 1);
    return world;
  };
  const converges = (world: TestWorld, tasks: number, replicas = 10): void => {
    expect(ends(world)).toEqual(["1.4.2 converged"]);
    expect(running(world)).toEqual({ b: tasks });
    expect(rollProblems(world, { replicas })).toEqual([]);
  };
  const workers = (world: TestWorld) => world.members().map(({ id }) => id);

  it("a node is lost: what has no place any more does not keep it from ending", async () => {
    const world = await midway();
    await world.desire(2);
    world.machines.kill(workers(world)[0] ?? "");
    await rolled(world);
    converges(world, 2);
  });

  it("a worker joins: it holds the new image before it is active, and takes over a task when the replicas are back", async () => {
    const world = await midway();
    await world.desire(4);
    await rolled(world);
    converges(world, 4);
    expect([...world.machines.swarm.tasks.values()].filter(({ state }) => state === "rejected")).toEqual([]);
  });

  it("a worker joins just before the image is set: the hosts are asked once more", async () => {
    const world = await rollingWorld();
    pushed(world, "b");
    await world.until(() => world.commands("hold-images").length > 0);
    // Nothing tells it of the image to come; it is found by the write itself.
    await world.desire(4);
    await rolled(world);
    converges(world, 4);
    expect([...world.machines.swarm.tasks.values()].filter(({ state }) => state === "rejected")).toEqual([]);
  });

  it("a worker retires", async () => {
    const world = await midway();
    const [id = ""] = workers(world);
    world.terminate(id);
    await rolled(world);
    converges(world, 2);
  });

  it("a person scales: the person's number stands at the end", async () => {
    const world = await midway();
    world.machines.swarm.scale("hive", 7);
    await rolled(world);
    converges(world, 3, 7);
  });

  it("a person writes a label, which resets the update's status", async () => {
    const world = await midway();
    world.machines.swarm.label("hive", { team: "web" });
    await rolled(world);
    converges(world, 3);
    expect(serviceOf(world).spec.labels.team).toBe("web");
  });

  it("a person writes a label while a bad image fails: it ends on the image before all the same", async () => {
    const world = await rollingWorld();
    world.machines.images.behave(image("b"), { kind: "exits", code: 3, afterMs: 4_000, startMs: 500 });
    pushed(world, "b");
    await world.until(() => running(world).b === 1);
    world.machines.swarm.label("hive", { team: "web" });
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 rolled back"]);
    expect(running(world)).toEqual({ a: 3 });
    expect(rollProblems(world)).toEqual([]);
  });

  it("a person sets another image: the roll gives way, and takes its marker along", async () => {
    const world = await midway();
    for (const host of world.machines.hosts.values()) host.images.add(image("d"));
    world.machines.swarm.setImage("hive", image("d"));
    await rolled(world);
    expect(ends(world)).toEqual(["1.4.2 superseded"]);
    expect(serviceOf(world).spec.template.image).toBe(image("d"));
    expect(serviceOf(world).spec.replicas).toBe(10);
  });

  it("the leader is lost: another manager goes on", async () => {
    const world = await midway();
    world.machines.kill(world.managers()[0] ?? "");
    await rolled(world);
    converges(world, 3);
  });

  it("no manager leads for twenty minutes: it waits, and then goes on", async () => {
    const world = await midway();
    world.machines.swarm.electing = true;
    await world.after(1_200);
    expect(outcomes(world)).toEqual([]);
    world.machines.swarm.electing = false;
    await rolled(world);
    converges(world, 3);
  });

  it("the service is removed: nothing is left to do", async () => {
    const world = await midway();
    world.machines.swarm.undeploy("hive");
    await rolled(world);
    expect(outcomes(world)).toMatchObject([{ outcome: "skipped", because: "the service was removed" }]);
  });

  it("a host dies while it pulls: it is waited for no longer than it takes to notice", async () => {
    const world = await rollingWorld();
    const [host] = [...world.machines.hosts.values()].filter(({ role }) => role === "worker");
    if (host) host.traits.pullHangs = true;
    const start = world.clock.now();
    pushed(world, "b");
    await world.until(() => world.commands("hold-images").length > 0);
    await world.desire(2);
    world.machines.kill(host?.instanceId ?? "");
    await rolled(world);
    converges(world, 2);
    expect((world.clock.now() - start) / 1000).toBeLessThan(300);
  });
});
