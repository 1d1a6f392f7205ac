// Whatever a swarm shows, look after look: a roll ends, and never with a verdict that what it saw does not bear.
import fc from "fast-check";
import { isGuilty } from "../../shared/rolls/cause.ts";
import { type Move, nextMove, noProgress, type Progress, tally } from "../../shared/rolls/progress.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { factsOf, failureOf, markerLabels, NEW, NEWER, OLD, ROLL } from "./rolls-facts.ts";
import { times } from "./times.ts";

const start = Date.parse("2026-02-01T10:00:00Z");
const STALL_SECONDS = 60;
const DEADLINE_SECONDS = 900;

const anyFacts: fc.Arbitrary<ServiceFacts> = fc
  .record({
    // Mostly a roll that is ours, so that something comes after the first look.
    marker: fc.oneof(
      { weight: 40, arbitrary: fc.constant(ROLL) },
      { weight: 1, arbitrary: fc.constantFrom("", "roll-hive-tomcat-3333333333333333-0") },
    ),
    image: fc.oneof(
      { weight: 40, arbitrary: fc.constant(NEW) },
      { weight: 1, arbitrary: fc.constantFrom(OLD, NEWER) },
    ),
    wantsNone: fc.boolean(),
    replicas: fc.option(fc.nat(5)),
    state: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom("updating", "none", "completed") },
      { weight: 1, arbitrary: fc.constantFrom("paused", "rollback_started", "rollback_paused") },
    ),
    tasks: fc.array(
      fc
        .record({
          image: fc.constantFrom(OLD, NEW),
          state: fc.constantFrom(
            "pending",
            "assigned",
            "preparing",
            "starting",
            "running",
            "failed",
            "rejected",
          ),
          count: fc.integer({ min: 1, max: 4 }),
        })
        .map((group) => ({ ...group, placed: group.state !== "pending" })),
      { maxLength: 4 },
    ),
    stopping: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(2)),
    youngest: fc.option(fc.nat(30)),
    failed: fc.nat(5),
    failures: fc.array(
      fc
        .record({
          node: fc.constantFrom("ready", "down", "unknown"),
          availability: fc.constantFrom("active", "drain"),
        })
        .map(failureOf),
      { maxLength: 3 },
    ),
  })
  .map(({ marker, wantsNone, state, failed, failures, ...rest }) =>
    factsOf({
      ...rest,
      labels: markerLabels({ "hive.roll.id": marker, "hive.roll.replicas": wantsNone ? "0" : "3" }),
      update: { state, message: "", startedAt: "" },
      failures,
      failed: Math.max(failed, failures.length),
    }),
  );

interface Look {
  facts: ServiceFacts;
  before: Progress;
  now: number;
  move: Move;
}

/** Looks at these in turn, again and again, until the roll ends. @param pause seconds from look to look */
const play = (facts: readonly ServiceFacts[], pause: number): Look[] => {
  const looks: Look[] = [];
  const limits = { rollId: ROLL, wanted: NEW, stallSeconds: STALL_SECONDS };
  let before = noProgress(start);
  for (let index = 0; ; index++) {
    if (index > 10_000) throw new Error("it never ends");
    const now = start + index * pause * 1000;
    const seen = facts[index % facts.length] ?? factsOf();
    const deadline = start + DEADLINE_SECONDS * 1000;
    const [move, after] = nextMove(seen, before, { ...limits, now, deadline });
    looks.push({ facts: seen, before, now, move });
    // What is kept between two looks goes through JSON.
    before = JSON.parse(JSON.stringify(after)) as Progress;
    if (!["wait", "shrink", "resume"].includes(move.kind)) return looks;
  }
};

const scene = fc.tuple(fc.array(anyFacts, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 120 }));
const each = (check: (looks: Look[], last: Look, pause: number) => void, numRuns = 3_000) =>
  fc.assert(
    fc.property(scene, ([facts, pause]) => {
      const looks = play(facts, pause);
      const last = looks.at(-1);
      if (last) check(looks, last, pause);
    }),
    times(numRuns),
  );

describe("a roll, whatever it sees,", () => {
  it("ends: at the deadline at the latest, but for the few times that a paused update is woken", () => {
    each((looks, _last, pause) => {
      expect(looks.length).toBeLessThanOrEqual(Math.ceil(DEADLINE_SECONDS / pause) + 1 + 5);
    });
  });

  it("has all its ways: no verdict is one that is never reached", () => {
    const kinds = new Set(
      fc.sample(scene, 1_000).flatMap(([facts, pause]) => play(facts, pause).map(({ move }) => move.kind)),
    );
    expect([...kinds].sort()).toEqual(
      ["converged", "failed", "resume", "shrink", "stalled", "superseded", "wait"].sort(),
    );
  });

  it("has converged only where every task that has a place runs the image, none is without, and swarm is done", () => {
    each((_looks, { facts, move }) => {
      if (move.kind !== "converged") return;
      const { updated, placed, pending } = tally(facts, NEW);
      expect({ placed, pending }).toEqual({ placed: updated, pending: 0 });
      expect(facts.tasks.filter(({ image, state }) => image !== NEW || state !== "running")).toEqual([]);
      expect(["completed", "none"]).toContain(facts.update.state);
      expect(facts.image).toBe(NEW);
      expect(updated > 0 || facts.labels["hive.roll.replicas"] === "0").toBe(true);
      expect(move.running).toBe(updated);
    }, 5_000);
  });

  it("is superseded whenever the marker or the image is another's, and only then", () => {
    each((looks) => {
      for (const { facts, move } of looks) {
        const ours = facts.labels["hive.roll.id"] === ROLL;
        const superseded = !ours || facts.image !== NEW;
        expect(move.kind === "superseded").toBe(superseded);
        if (move.kind === "superseded") expect(move.marked).toBe(ours);
      }
    });
  });

  it("has never failed for tasks whose nodes are drained or gone: by one of its own, or by time", () => {
    each((looks, { facts, before, now, move }) => {
      if (move.kind !== "failed") return;
      const guilty = facts.failures.some(isGuilty);
      const { updated } = tally(facts, NEW);
      const since = updated > before.best ? now : before.since;
      const stalled = now - since > STALL_SECONDS * 1000 || now >= start + DEADLINE_SECONDS * 1000;
      const resumes = looks.filter((look) => look.move.kind === "resume").length;
      const woken = /^(paused|rollback_)/.test(facts.update.state) && resumes === 5;
      expect(guilty || stalled || woken).toBe(true);
    }, 5_000);
  });

  it("has failed as soon as swarm has paused for a task of its own", () => {
    each((looks) => {
      for (const { facts, move } of looks)
        if (facts.update.state === "paused" && facts.failures.some(isGuilty))
          expect(["failed", "superseded"]).toContain(move.kind);
    });
  });

  it("says nothing is proved only where no task has a place", () => {
    each((_looks, { facts, move }) => {
      if (move.kind === "stalled") expect(tally(facts, NEW).placed).toBe(0);
    });
  });

  it("takes slots away only where some have no place and nothing moves", () => {
    each((looks) => {
      for (const { facts, move } of looks) {
        if (move.kind !== "shrink") continue;
        expect(tally(facts, NEW).pending).toBeGreaterThan(0);
        expect(facts.stopping).toBe(0);
      }
    });
  });
});

/** A swarm in which the updater replaces one task after another: enough of one to be rolled. */
class Swarm {
  readonly #good: boolean;
  /** Slots: the image that runs there, and whether it has a place. */
  slots: { image: string; placed: boolean }[];
  paused = false;
  failed = 0;
  lost = 0;
  #youngest = 0;
  replicas: number;

  constructor(replicas: number, capacity: number, good: boolean) {
    this.#good = good;
    this.replicas = replicas;
    this.slots = Array.from({ length: replicas }, (_, index) => ({ image: OLD, placed: index < capacity }));
  }

  /** Ten seconds of the updater: it takes any slot that is not updated, and waits for ever for one without a place. */
  step(pick: number): void {
    this.#youngest += 10;
    const blocked = this.slots.some(({ image, placed }) => image === NEW && !placed);
    const open = this.slots.filter(({ image }) => image !== NEW);
    const slot = open[pick % Math.max(1, open.length)];
    if (this.paused || blocked || !slot) return;
    slot.image = NEW;
    this.#youngest = 0;
    if (!slot.placed || this.#good) return;
    this.failed++;
    this.paused = true;
  }

  /** A node goes, and its task with it. */
  lose(pick: number): void {
    const placed = this.slots.filter((slot) => slot.placed);
    const slot = placed[pick % Math.max(1, placed.length)];
    if (!slot) return;
    slot.placed = false;
    this.paused ||= slot.image === NEW;
    this.lost++;
  }

  shrink(): void {
    this.slots = this.slots.filter(({ placed }) => placed);
    this.replicas = this.slots.length;
    this.paused = false;
  }

  facts(replicasBefore: number): ServiceFacts {
    const done = this.slots.every(({ image }) => image === NEW);
    const state = this.paused ? "paused" : done && this.#youngest >= 10 ? "completed" : "updating";
    const own = Array(this.failed).fill(failureOf());
    const gone = Array(this.lost).fill(failureOf({ node: "down" }));
    return factsOf({
      image: NEW,
      labels: markerLabels({ "hive.roll.replicas": String(replicasBefore) }),
      replicas: this.replicas,
      update: { state, message: "update paused", startedAt: "" },
      tasks: this.slots.map(({ image, placed }) => ({
        image,
        placed,
        state: placed ? "running" : "pending",
        count: 1,
      })),
      youngest: this.#youngest,
      failed: own.length + gone.length,
      failures: [...gone, ...own].slice(0, 3),
    });
  }
}

describe("a roll on a swarm that has too few places, and loses nodes meanwhile,", () => {
  it("converges with a good image, fails with a bad one, and proves nothing where no place is left", () => {
    const losses = fc.dictionary(fc.nat(40).map(String), fc.nat(100), { maxKeys: 4 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.nat(8),
        fc.boolean(),
        losses,
        fc.array(fc.nat(100), { minLength: 1 }),
        (replicas, capacity, good, lost, picks) => {
          const swarm = new Swarm(replicas, capacity, good);
          // As `begin` does before the image is set.
          swarm.shrink();
          let progress = noProgress(start);
          let move: Move = { kind: "wait", because: "" };
          let shown = swarm.facts(replicas);
          for (let look = 0; ["wait", "shrink", "resume"].includes(move.kind); look++) {
            const loss = lost[String(look)];
            if (loss !== undefined) swarm.lose(loss);
            swarm.step(picks[look % picks.length] ?? 0);
            shown = swarm.facts(replicas);
            const now = start + look * 10_000;
            const limits = { rollId: ROLL, wanted: NEW, now, stallSeconds: 300, deadline: start + 7_200_000 };
            [move, progress] = nextMove(shown, progress, limits);
            if (move.kind === "shrink") swarm.shrink();
            if (move.kind === "resume") swarm.paused = false;
            expect(look).toBeLessThan(100);
          }
          const { placed } = tally(shown, NEW);
          if (placed === 0 && swarm.failed === 0) expect(move.kind).toBe("stalled");
          else expect(move.kind).toBe(swarm.failed === 0 ? "converged" : "failed");
          if (good) expect(move.kind).not.toBe("failed");
        },
      ),
      times(2_000),
    );
  });
});
