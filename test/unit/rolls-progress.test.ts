import {
  type Limits,
  type Move,
  nextMove,
  noProgress,
  type Progress,
  tally,
} from "../../shared/rolls/progress.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { factsOf, failureOf, imageOf, markerLabels, NEW, NEWER, OLD, ROLL } from "./rolls-facts.ts";

const start = Date.parse("2026-02-01T10:00:00Z");
const limits = (changes: Partial<Limits> = {}): Limits => ({
  rollId: ROLL,
  wanted: NEW,
  now: start,
  stallSeconds: 300,
  deadline: start + 3_600_000,
  ...changes,
});
const update = (state: string, message = "") => ({ state, message, startedAt: "2026-02-01T10:00:00Z" });
const running = (image: string, count: number) => ({ image, state: "running", placed: true, count });
const inState = (state: string, count = 1) => ({ image: NEW, state, placed: true, count });
const pending = (count: number) => ({ image: NEW, state: "pending", placed: false, count });
/** A service whose spec names NEW and whose roll is under way. */
const rolling = (changes: Partial<ServiceFacts> = {}): ServiceFacts =>
  factsOf({ image: NEW, labels: markerLabels(), update: update("updating"), ...changes });

const move = (facts: ServiceFacts, before: Partial<Progress> = {}, changes: Partial<Limits> = {}): Move =>
  nextMove(facts, { ...noProgress(start), ...before }, limits(changes))[0];

/** What is done at each of these looks, ten seconds apart. */
const movesOf = (looks: readonly ServiceFacts[], changes: Partial<Limits> = {}): string[] => {
  let progress = noProgress(start);
  return looks.map((facts, index) => {
    const [next, after] = nextMove(facts, progress, limits({ now: start + index * 10_000, ...changes }));
    progress = after;
    return next.kind;
  });
};

describe("a roll that goes well", () => {
  it("is waited for until every task runs the image and swarm says that it is done", () => {
    const none = update("none");
    expect(
      movesOf([
        rolling({ tasks: [running(OLD, 3)], update: none, youngest: null }),
        rolling({ tasks: [running(OLD, 2), inState("preparing")], stopping: 1 }),
        rolling({ tasks: [running(OLD, 2), running(NEW, 1)], youngest: 1 }),
        rolling({ tasks: [running(NEW, 3)], youngest: 2 }),
        rolling({ tasks: [running(NEW, 3)], youngest: 12, update: update("completed") }),
      ]),
    ).toEqual(["wait", "wait", "wait", "wait", "converged"]);
  });

  it("has converged with as many tasks as run, whatever the image is called", () => {
    const tasks = [running(NEW, 2), running(imageOf("latest", "2"), 1)];
    expect(move(rolling({ tasks, update: update("completed") }))).toEqual({ kind: "converged", running: 3 });
  });

  it("says how far it is", () => {
    const tasks = [running(OLD, 2), running(NEW, 1), inState("starting")];
    expect(move(rolling({ tasks }))).toEqual({ kind: "wait", because: "1 of 4 tasks run it" });
  });

  it("that had nothing to update is believed once the youngest task was watched for as long as swarm would", () => {
    const at = (youngest: number | null) =>
      move(rolling({ tasks: [running(NEW, 3)], update: update("none"), youngest })).kind;
    expect(at(9)).toBe("wait");
    expect(at(10)).toBe("converged");
    expect(at(null)).toBe("converged");
  });

  it("has not converged while swarm still updates, a task has no place, or one of another image has", () => {
    const completed = update("completed");
    for (const facts of [
      rolling({ tasks: [running(NEW, 3)] }),
      rolling({ tasks: [running(NEW, 3), pending(1)], update: completed, stopping: 1 }),
      rolling({ tasks: [running(NEW, 2), running(OLD, 1)], update: completed }),
      rolling({ tasks: [running(NEW, 2), inState("starting")], update: completed }),
      rolling({ tasks: [running(NEW, 2), inState("failed")], update: completed }),
      rolling({ tasks: [running(OLD, 3)], update: update("none"), youngest: null }),
    ])
      expect(move(facts).kind).toBe("wait");
  });

  it("of a service that is to have no task has converged with none", () => {
    const labels = markerLabels({ "hive.roll.replicas": "0" });
    const facts = rolling({ tasks: [], replicas: 0, labels, update: update("none"), youngest: null });
    expect(move(facts)).toEqual({ kind: "converged", running: 0 });
  });

  it("of a global service is told by its tasks alone", () => {
    const labels = markerLabels({ "hive.roll.replicas": "", "hive.roll.slots": "" });
    const facts = rolling({ mode: "global", replicas: null, labels, tasks: [running(NEW, 4)] });
    expect(move(facts).kind).toBe("wait");
    expect(move({ ...facts, update: update("completed") })).toEqual({ kind: "converged", running: 4 });
  });
});

describe("slots without a node", () => {
  it("are taken away at once where every task that has a place runs the image", () => {
    expect(move(rolling({ tasks: [running(NEW, 2), pending(1)] }))).toEqual({
      kind: "shrink",
      because: "1 tasks have no place",
    });
  });

  it("are taken away at the second look where an old task still runs: the first may be between two tasks", () => {
    const facts = rolling({ tasks: [running(NEW, 1), running(OLD, 1), pending(2)] });
    expect(movesOf([facts, facts])).toEqual(["wait", "shrink"]);
  });

  it("are begun to be counted anew after a look that found all placed, and after they were taken away", () => {
    const [idle, placed] = [
      rolling({ tasks: [running(OLD, 2), pending(1)] }),
      rolling({ tasks: [running(OLD, 3)] }),
    ];
    expect(movesOf([idle, placed, idle, idle, idle, idle])).toEqual([
      "wait",
      "wait",
      "wait",
      "shrink",
      "wait",
      "shrink",
    ]);
  });

  it("prove nothing while a task is on its way, or one that stops still has the place of its successor", () => {
    const tasks = [running(OLD, 1), pending(1)];
    for (const state of ["assigned", "accepted", "preparing", "ready", "starting"]) {
      const facts = rolling({ tasks: [...tasks, inState(state)] });
      expect(movesOf([facts, facts, facts])).toEqual(["wait", "wait", "wait"]);
    }
    const stops = rolling({ tasks, stopping: 1, waiting: ["no suitable node (insufficient resources)"] });
    expect(movesOf([stops, stops, stops])).toEqual(["wait", "wait", "wait"]);
  });

  it("count as well beside a task that failed and is not replaced yet", () => {
    for (const state of ["failed", "rejected"]) {
      const facts = rolling({ tasks: [running(OLD, 1), inState(state), pending(1)] });
      expect(movesOf([facts, facts])).toEqual(["wait", "shrink"]);
    }
  });

  it("are left as they are past the deadline", () => {
    const facts = rolling({ tasks: [running(NEW, 2), pending(1)] });
    expect(move(facts, {}, { now: start + 3_599_999 }).kind).toBe("shrink");
    expect(move(facts, {}, { now: start + 3_600_000 }).kind).toBe("failed");
  });

  it("begin the wait for progress anew when they are taken away", () => {
    const facts = rolling({ tasks: [running(NEW, 2), pending(1)] });
    const [, after] = nextMove(facts, { ...noProgress(start), best: 2 }, limits({ now: start + 250_000 }));
    expect(after).toEqual({ best: 2, since: start + 250_000, resumes: 0, idle: 0 });
  });
});

describe("a service of which no task has a place", () => {
  const waiting = ["no suitable node (insufficient resources on 2 nodes)"];

  it("is shrunk to nothing, and nothing is proved then", () => {
    const nowhere = rolling({ tasks: [pending(3)], waiting });
    const empty = rolling({ tasks: [], replicas: 0, update: update("none"), youngest: null, waiting });
    expect(movesOf([nowhere, empty])).toEqual(["shrink", "stalled"]);
    expect(move(empty)).toEqual({ kind: "stalled", cause: { code: "no-capacity", text: waiting[0] } });
  });

  it("is not waited for once it has no replicas, whatever swarm says of its update", () => {
    const facts = rolling({ tasks: [], replicas: 0 });
    expect(move(facts)).toEqual({
      kind: "stalled",
      cause: { code: "no-capacity", text: "no task of the service has a place on any node" },
    });
  });

  it("proves nothing either when swarm keeps no tasks of it at all", () => {
    expect(move(rolling({ tasks: [], update: update("completed") })).kind).toBe("stalled");
  });
});

describe("tasks that fail", () => {
  const paused = update("paused", "update paused due to failure or early termination of task q1w2");

  it("are the end of the roll when swarm has paused for one that is the image's fault", () => {
    const facts = rolling({ update: paused, failed: 1, failures: [failureOf()] });
    expect(move(facts)).toEqual({
      kind: "failed",
      cause: { code: "start-failed", text: expect.stringContaining("task: non-zero exit (1)") },
    });
  });

  it("are the end of the roll at the third, where somebody's write has overwritten swarm's pause", () => {
    const failing = (failed: number) =>
      rolling({ tasks: [running(OLD, 3)], failed, failures: [failureOf()] });
    expect(move(failing(2)).kind).toBe("wait");
    expect(move(failing(3)).kind).toBe("failed");
  });

  it("on a node that is drained or gone are no fault of the image: a paused update goes on", () => {
    for (const lost of [
      { node: "down" },
      { node: "unknown" },
      { availability: "drain" },
      { availability: "pause" },
    ]) {
      const failures = [failureOf(lost)];
      expect(move(rolling({ update: paused, failed: 1, failures }))).toEqual({
        kind: "resume",
        because: `paused, and no task failed by itself: ${paused.message}`,
      });
      expect(move(rolling({ tasks: [running(OLD, 3)], failed: 9, failures })).kind).toBe("wait");
    }
  });

  it("of both kinds are the image's fault", () => {
    const failures = [failureOf({ node: "down" }), failureOf({ error: `No such image: ${NEW}` })];
    expect(move(rolling({ update: paused, failed: 2, failures }))).toMatchObject({
      kind: "failed",
      cause: { code: "image-missing" },
    });
  });

  it("have the update woken five times at most, and it is not known then what is wrong", () => {
    const facts = rolling({ update: paused, failed: 1, failures: [failureOf({ node: "down" })] });
    expect(movesOf(Array(6).fill(facts))).toEqual([...Array(5).fill("resume"), "failed"]);
    expect(move(facts, { resumes: 5 })).toEqual({
      kind: "failed",
      cause: { code: "unknown", text: paused.message },
    });
  });

  it("begin the wait for progress anew when the update is woken", () => {
    const facts = rolling({ update: paused, tasks: [running(NEW, 1), running(OLD, 2)] });
    const before = { best: 1, since: start, resumes: 2, idle: 0 };
    const [, after] = nextMove(facts, before, limits({ now: start + 299_000 }));
    expect(after).toEqual({ best: 1, since: start + 299_000, resumes: 3, idle: 0 });
  });

  it.each(["paused", "rollback_started", "rollback_paused", "rollback_completed"])(
    "are looked at when the update is %s: swarm's own rollback is stopped by the next write",
    (state) => {
      expect(move(rolling({ update: update(state) })).kind).toBe("resume");
      const failures = [failureOf()];
      expect(move(rolling({ update: update(state), failed: 1, failures })).kind).toBe("failed");
    },
  );
});

describe("a roll that makes no progress", () => {
  const stuck = rolling({ tasks: [running(OLD, 2), inState("preparing")] });

  it("is waited for as long as a task may take, and not longer", () => {
    expect(move(stuck, {}, { now: start + 300_000 }).kind).toBe("wait");
    expect(move(stuck, {}, { now: start + 301_000 })).toEqual({
      kind: "failed",
      cause: { code: "no-progress", text: "no task more runs it since 301 s (0 of 3)" },
    });
  });

  it("has its time anew with each task more that runs the image, and not with one less", () => {
    const [one, two] = [1, 2].map((count) => rolling({ tasks: [running(NEW, count), running(OLD, 1)] }));
    if (!one || !two) throw new Error("no facts");
    let progress = noProgress(start);
    for (const [seconds, facts, since, best] of [
      [100, one, 100, 1],
      [200, one, 100, 1],
      [290, two, 290, 2],
      [400, one, 290, 2],
      [500, two, 290, 2],
    ] as const) {
      [, progress] = nextMove(facts, progress, limits({ now: start + seconds * 1000 }));
      expect(progress).toMatchObject({ since: start + since * 1000, best });
    }
    expect(move(two, progress, { now: start + 591_000 }).kind).toBe("failed");
  });

  it("is told by its tasks: a health check that does not pass, a place that is missing", () => {
    const now = start + 301_000;
    const starting = rolling({ tasks: [running(OLD, 2), inState("starting")] });
    expect(move(starting, {}, { now })).toMatchObject({ kind: "failed", cause: { code: "unhealthy" } });
    const waiting = ["no suitable node (insufficient resources on 2 nodes)"];
    const crowded = rolling({ tasks: [running(OLD, 2), pending(1)], stopping: 1, waiting });
    expect(move(crowded, {}, { now })).toMatchObject({ kind: "failed", cause: { code: "no-capacity" } });
  });

  it("ends at the deadline however well it goes", () => {
    const facts = rolling({ tasks: [running(NEW, 2), running(OLD, 1)] });
    const deadline = start + 60_000;
    expect(move(facts, {}, { now: deadline - 1, deadline }).kind).toBe("wait");
    expect(move(facts, {}, { now: deadline, deadline }).kind).toBe("failed");
    const done = rolling({ tasks: [running(NEW, 3)], update: update("completed") });
    expect(move(done, {}, { now: deadline, deadline }).kind).toBe("converged");
  });
});

describe("a roll that somebody else has taken over", () => {
  it("is superseded when the marker is another's, whatever else is there to see", () => {
    const labels = markerLabels({ "hive.roll.id": "roll-hive-tomcat-3333333333333333-0" });
    for (const facts of [
      rolling({ labels }),
      rolling({ labels, tasks: [running(NEW, 3)], update: update("completed") }),
      rolling({ labels, image: NEWER, update: update("paused"), failed: 9, failures: [failureOf()] }),
      rolling({ labels, tasks: [pending(3)] }),
    ])
      expect(move(facts)).toEqual({
        kind: "superseded",
        because: "roll-hive-tomcat-3333333333333333-0 has taken over",
        marked: false,
      });
  });

  it("is superseded when its marker is gone", () => {
    const done = { tasks: [running(NEW, 3)], update: update("completed") };
    expect(move(rolling({ labels: {}, ...done }))).toEqual({
      kind: "superseded",
      because: "somebody has taken its marker away",
      marked: false,
    });
  });

  it("is superseded when somebody set another image, and its marker is still there to be taken away", () => {
    expect(move(rolling({ image: NEWER }))).toEqual({
      kind: "superseded",
      because: `somebody has set the image ${NEWER}`,
      marked: true,
    });
    expect(move(rolling({ image: imageOf("latest", "2") })).kind).toBe("wait");
  });

  it("is judged by the image to go back to while it goes back", () => {
    const back = {
      labels: markerLabels({ "hive.roll.phase": "back" }),
      image: OLD,
      tasks: [running(OLD, 3)],
    };
    const facts = rolling({ ...back, update: update("completed") });
    expect(move(facts, {}, { wanted: OLD })).toEqual({ kind: "converged", running: 3 });
    expect(move(facts).kind).toBe("superseded");
  });
});

describe("the tally of a service's tasks", () => {
  it("counts those that run the image, those that have a place, and those that have none", () => {
    const tasks = [
      running(OLD, 2),
      running(NEW, 3),
      inState("starting", 4),
      inState("failed", 5),
      pending(6),
    ];
    expect(tally({ tasks }, NEW)).toEqual({ updated: 3, placed: 14, pending: 6 });
    expect(tally({ tasks: [] }, NEW)).toEqual({ updated: 0, placed: 0, pending: 0 });
  });
});
