// What a roll does next, at scenes that were recorded on real swarms and are read by the document that reads them there.
import { causeOf } from "../../shared/rolls/cause.ts";
import { sameImage } from "../../shared/rolls/image.ts";
import { type Move, nextMove, noProgress } from "../../shared/rolls/progress.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { recorded, type Scene, SwarmManager } from "./swarm-manager.ts";

const ROLL = "roll-1";
const STALL_SECONDS = 300;

const factsOf = async (name: string, change: (scene: Scene) => void = () => {}): Promise<ServiceFacts> => {
  const scene = recorded(name);
  scene.service.Spec.Labels = {
    "hive.roll.id": ROLL,
    "hive.roll.since": "2026-11-27T21:00:00.000Z",
    "hive.roll.replicas": "2",
  };
  change(scene);
  const manager = new SwarmManager(scene);
  await manager.start();
  try {
    const parameters = { serviceId: scene.service.ID, rollId: ROLL, waitSeconds: "0" };
    return (await manager.run("watch-service", parameters)).facts;
  } finally {
    await manager.stop();
  }
};

/** At the first look, at one more that sees the same, and at one when no task more has run it for too long. */
const movesOf = (facts: ServiceFacts): Move[] => {
  const limits = { rollId: ROLL, wanted: facts.image, stallSeconds: STALL_SECONDS, deadline: 3_600_000 };
  const [first, progress] = nextMove(facts, noProgress(0), { ...limits, now: 1_000 });
  const [second, again] = nextMove(facts, progress, { ...limits, now: 20_000 });
  const [last] = nextMove(facts, { ...again, idle: 0 }, { ...limits, now: 900_000 });
  return [first, second, last];
};

describe("a roll that finds a service", () => {
  it.each([
    ["over-committed", "shrink", "shrink"],
    ["replacing", "wait", "wait"],
    ["starting", "wait", "wait"],
    ["completed", "converged", "converged"],
    ["stuck-updating", "wait", "shrink"],
    ["node-down", "wait", "shrink"],
    ["exits-paused", "failed", "failed"],
    ["exits-paused-26", "failed", "failed"],
    ["ends-paused", "failed", "failed"],
    ["sick-paused", "failed", "failed"],
    ["sick-paused-26", "failed", "failed"],
    ["rejected-paused", "failed", "failed"],
    ["rejected-paused-26", "failed", "failed"],
    ["rollback-paused", "failed", "failed"],
    // Of swarm's own rollback, of a service whose spec names what is wanted: the next write ends it.
    ["rollback-started", "resume", "resume"],
    ["rollback-completed", "resume", "resume"],
  ])("%s does: %s, and then: %s", async (name, first, second) => {
    const [one, two] = movesOf(await factsOf(name));
    expect([one?.kind, two?.kind]).toEqual([first, second]);
  });

  it.each([
    ["exits-paused", "start-failed", /is failed: task: non-zero exit \(3\), exit code 3/],
    ["exits-paused-26", "start-failed", /is failed: task: non-zero exit \(3\), exit code 3/],
    // Its host knows more: it was stopped as unhealthy.
    ["sick-paused", "start-failed", /is complete: ended by itself \(/],
    ["ends-paused", "start-failed", /is complete: ended by itself \(/],
    [
      "rejected-paused",
      "image-missing",
      /is rejected: No such image: 10\.78\.0\.1:5000\/hive-web:9\.9\.9@sha256:/,
    ],
    ["rejected-paused-26", "image-missing", /is rejected: No such image: /],
  ])("%s fails with the cause %s", async (name, code, text) => {
    const [move] = movesOf(await factsOf(name));
    expect(move).toEqual({ kind: "failed", cause: { code, text: expect.stringMatching(text) } });
  });

  it("that starts for too long fails as unhealthy", async () => {
    expect(movesOf(await factsOf("starting"))[2]).toMatchObject({
      kind: "failed",
      cause: { code: "unhealthy" },
    });
  });

  it("whose slot waits for the place of a task that stops knows why, should it wait for too long", async () => {
    const facts = await factsOf("replacing");
    expect(movesOf(facts)[2]).toMatchObject({ kind: "failed", cause: { code: "port-taken" } });
    expect(causeOf(facts, { code: "unknown", text: "" }).text).toMatch(/^no suitable node \(/);
  });

  it("paused by a task whose node was drained meanwhile wakes the update", async () => {
    const drained = await factsOf("exits-paused", ({ nodes }) => {
      for (const { Spec } of nodes) Spec.Availability = "drain";
    });
    expect(movesOf(drained)[0]?.kind).toBe("resume");
    const gone = await factsOf("exits-paused", (scene) => {
      scene.nodes = [];
    });
    expect(movesOf(gone)[0]?.kind).toBe("resume");
  });

  it("without its own marker, or with another image than it wants, gives way", async () => {
    const taken = await factsOf("completed", ({ service }) => {
      service.Spec.Labels["hive.roll.id"] = "roll-2";
    });
    expect(movesOf(taken)[0]).toMatchObject({ kind: "superseded", marked: false });
    const facts = await factsOf("exits-paused");
    const old = facts.tasks.find(({ image }) => !sameImage(image, facts.image))?.image ?? "";
    const limits = { rollId: ROLL, wanted: old, now: 0, stallSeconds: STALL_SECONDS, deadline: 1 };
    expect(nextMove(facts, noProgress(0), limits)[0]).toMatchObject({ kind: "superseded", marked: true });
  });
});
