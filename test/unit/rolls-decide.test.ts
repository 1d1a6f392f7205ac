import fc from "fast-check";
import { type Decision, decide, type Target } from "../../shared/rolls/decide.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { digestOf, factsOf, imageOf, markerLabels, NEW, NEWER, OLD, ROLL } from "./rolls-facts.ts";
import { times } from "./times.ts";

/** NEW, pushed at ten, with nothing newer there. */
const target = (changes: Partial<Target> = {}): Target => ({
  image: NEW,
  pushedAt: "2026-02-01T10:00:00.000Z",
  seen: "2026-02-01T10:00:00.000Z",
  instead: "",
  newer: [],
  ...changes,
});
const byPush = (service: ServiceFacts, wanted = target()): Decision => decide(service, wanted, false);
const byPerson = (service: ServiceFacts, wanted = target()): Decision => decide(service, wanted, true);

const afresh = { kind: "roll", expects: "", adopts: false, back: false };
const runs = (image: string, labels: Record<string, string> = {}) => factsOf({ image, labels });
const seen = (at: string) => ({ "hive.roll.seen": `2026-02-01T${at}.000Z` });

describe("a service that runs something else", () => {
  it("is rolled, by push or by person", () => {
    expect(byPush(factsOf())).toEqual(afresh);
    expect(byPerson(factsOf())).toEqual(afresh);
  });

  it("is rolled from a name without a digest too, as docker stack deploy leaves it", () => {
    expect(byPush(runs("r/hive-tomcat:latest"))).toEqual(afresh);
  });

  it("is rolled when it is global", () => {
    expect(byPush(factsOf({ mode: "global", replicas: null }))).toEqual(afresh);
  });

  it("is rolled when what was decided on before was pushed earlier", () => {
    expect(byPush(runs(OLD, seen("09:59:59")))).toEqual(afresh);
  });
});

describe("a service that is never rolled, whoever asks,", () => {
  it.each<[string, Partial<ServiceFacts>, string, RegExp]>([
    [
      "opted out",
      { labels: { "hive.roll": "false" } },
      "skipped",
      /label hive\.roll=false.*remove the label/,
    ],
    ["is a job", { mode: "job", replicas: null }, "refused", /is a job/],
    ["runs on managers alone", { managersOnly: true }, "refused", /managers alone/],
  ])("%s", (_what, changes, kind, because) => {
    for (const decided of [byPush(factsOf(changes)), byPerson(factsOf(changes))])
      expect(decided).toEqual({ kind, because: expect.stringMatching(because) });
  });

  it("opted out, even with the marker of an interrupted roll of another image on it", () => {
    const labels = markerLabels({ "hive.roll": "false", "hive.roll.image": imageOf("9.9.9", "9") });
    expect(byPush(factsOf({ labels })).kind).toBe("skipped");
  });

  it("but an interrupted roll of this image is finished, or the service would stay shrunk", () => {
    const labels = markerLabels({ "hive.roll": "false" });
    expect(byPush(factsOf({ labels }))).toMatchObject({ kind: "roll", adopts: true });
  });

  it("but any other value of the label opts nothing out", () => {
    for (const value of ["true", "", "no", "False"])
      expect(byPush(factsOf({ labels: { "hive.roll": value } }))).toEqual(afresh);
  });
});

describe("a service that runs the image already", () => {
  const runsNew = (changes: Partial<ServiceFacts> = {}) => factsOf({ image: NEW, ...changes });
  const skipped = { kind: "skipped", because: "its tasks run it already" };

  it("is skipped, by push or by person, under whatever name it runs", () => {
    for (const service of [runsNew(), runsNew({ image: imageOf("latest", "2"), tasks: [] })]) {
      expect(byPush(service)).toEqual(skipped);
      expect(byPerson(service)).toEqual(skipped);
    }
    expect(byPush(runsNew({ update: { state: "completed", message: "", startedAt: "" } }))).toEqual(skipped);
  });

  it("is skipped although other tasks of it do not run (yet)", () => {
    const tasks = [
      { image: NEW, state: "running", placed: true, count: 2 },
      { image: OLD, state: "pending", placed: false, count: 1 },
    ];
    expect(byPush(runsNew({ tasks }))).toEqual(skipped);
  });

  it("is rolled all the same while a task still runs another, or an update is on its way or stuck", () => {
    const tasks = [
      { image: NEW, state: "running", placed: true, count: 2 },
      { image: OLD, state: "running", placed: true, count: 1 },
    ];
    expect(byPush(runsNew({ tasks }))).toEqual(afresh);
    expect(byPerson(runsNew({ tasks }))).toEqual(afresh);
    for (const state of ["updating", "paused", "rollback_started", "rollback_paused", "rollback_completed"])
      expect(byPush(runsNew({ update: { state, message: "", startedAt: "" } }))).toEqual(afresh);
  });
});

describe("the marker of an interrupted roll of the same image", () => {
  it("is adopted, by push or by person, whatever else is seen or newer", () => {
    const adopted = { kind: "roll", expects: ROLL, adopts: true, back: false };
    for (const phase of ["begun", "forward", ""]) {
      const labels = markerLabels({ "hive.roll.phase": phase, "hive.roll.seen": "2026-02-01T11:00:00.000Z" });
      const service = factsOf({ labels });
      expect(byPush(service, target({ instead: "1.4.3", newer: [digestOf("1")] }))).toEqual(adopted);
      expect(byPerson(service)).toEqual(adopted);
    }
  });

  it("is adopted by digest, whatever the image is called", () => {
    const labels = markerLabels({ "hive.roll.image": imageOf("latest", "2") });
    expect(byPush(factsOf({ labels }))).toMatchObject({ adopts: true });
  });

  it("that was going back is finished that way", () => {
    const labels = markerLabels({ "hive.roll.phase": "back", "hive.roll.cause": "unhealthy" });
    const adopted = { kind: "roll", expects: ROLL, adopts: true, back: true };
    expect(byPush(factsOf({ labels }))).toEqual(adopted);
    expect(byPerson(factsOf({ labels }))).toEqual(adopted);
  });
});

describe("the marker of a roll of another image", () => {
  const rollsNewer = (at: string) =>
    factsOf({
      labels: markerLabels({ "hive.roll.id": "roll-newer-0", "hive.roll.image": NEWER, ...seen(at) }),
    });

  it("is replaced by a push that came later", () => {
    const replaced = { kind: "roll", expects: "roll-newer-0", adopts: false, back: false };
    expect(byPush(rollsNewer("09:00:00"))).toEqual(replaced);
  });

  it("stays when the push came earlier, or at the same time", () => {
    const because = "1.4.3, pushed later, is being rolled (roll-newer-0)";
    for (const at of ["10:00:00", "10:00:01"])
      expect(byPush(rollsNewer(at))).toEqual({ kind: "superseded", because });
  });

  it("is replaced by a push that came later, though what still runs is newer: that is about to be replaced anyway", () => {
    const labels = markerLabels({
      "hive.roll.id": "roll-older-0",
      "hive.roll.image": OLD,
      ...seen("09:00:00"),
    });
    const service = factsOf({ image: NEWER, labels });
    expect(byPush(service, target({ newer: [digestOf("3")] }))).toMatchObject({
      kind: "roll",
      expects: "roll-older-0",
    });
  });

  it("is replaced by a person, whenever the image was pushed", () => {
    expect(byPerson(rollsNewer("11:00:00"))).toEqual({
      kind: "roll",
      expects: "roll-newer-0",
      adopts: false,
      back: false,
    });
  });

  it("is replaced by a person who asks for what the service still runs, so that it stays", () => {
    const labels = markerLabels({ "hive.roll.phase": "begun" });
    const wanted = target({ image: OLD });
    expect(byPerson(factsOf({ labels }), wanted)).toMatchObject({ kind: "roll", expects: ROLL });
  });
});

describe("a push that was decided on before", () => {
  it("is not rolled again after it was rolled back, nor after something newer", () => {
    const decided = byPush(runs(OLD, seen("10:00:00")));
    expect(decided).toEqual({
      kind: "skipped",
      because: expect.stringMatching(/^pushes up to 2026-02-01T10:00:00\.000Z were decided on.*a person can/),
    });
    expect(byPush(runs(OLD, seen("10:05:00")))).toEqual({
      kind: "skipped",
      because: expect.stringContaining("2026-02-01T10:05:00.000Z"),
    });
  });

  it("is told to run when it does", () => {
    expect(byPush(runs(NEW, seen("10:00:00")))).toMatchObject({ because: "its tasks run it already" });
  });

  it("can be rolled by a person", () => {
    expect(byPerson(runs(OLD, seen("10:00:00")))).toEqual(afresh);
  });

  it("is any push where the label is no time: then the images decide", () => {
    const labels = { "hive.roll.seen": "soon" };
    expect(byPush(runs(OLD, labels))).toEqual(afresh);
  });
});

describe("a push of an older image than runs: a tag that was moved back", () => {
  const moved = target({ newer: [digestOf("3")] });

  it("rolls nothing back, and says who can", () => {
    expect(byPush(runs(NEWER), moved)).toEqual({
      kind: "skipped",
      because: expect.stringMatching(/older image than 1\.4\.3, which runs: .*a person can/),
    });
  });

  it("is rolled by a person", () => {
    expect(byPerson(runs(NEWER), moved)).toEqual(afresh);
  });

  it("is told so even where it was decided on before, or something newer still is to run", () => {
    for (const decided of [
      byPush(runs(NEWER, seen("10:05:00")), moved),
      byPush(runs(NEWER), { ...moved, instead: "1.4.4" }),
    ])
      expect(decided).toMatchObject({
        kind: "skipped",
        because: expect.stringContaining("older image than"),
      });
  });
});

describe("a push that something newer in the registry has overtaken", () => {
  const overtaken = target({ instead: "1.4.3 (333333333333)", newer: [digestOf("3")] });

  it("leaves it to that one", () => {
    expect(byPush(factsOf(), overtaken)).toEqual({
      kind: "superseded",
      because: "1.4.3 (333333333333), pushed later, is to run",
    });
  });

  it("is rolled by a person", () => {
    expect(byPerson(factsOf(), overtaken)).toEqual(afresh);
  });
});

describe("whatever stands on a service", () => {
  const moment = fc.integer({ min: 0, max: 20 }).map((minute) => new Date(Date.UTC(2026, 1, 1, 10, minute)));
  const character = fc.constantFrom(..."1234567");
  /** Every image was pushed once; the character is the minute of the push. */
  const pushedAt = (of: string): Date => new Date(Date.UTC(2026, 1, 1, 10, Number(of)));
  const newerThan = (of: string): string[] => [..."1234567"].filter((other) => other > of);
  const pushOf = (of: string): Target => ({
    image: imageOf(`1.${of}`, of),
    pushedAt: pushedAt(of).toISOString(),
    seen: pushedAt(of).toISOString(),
    instead: "",
    newer: newerThan(of).map(digestOf),
  });
  const anyService = fc
    .record({
      runs: character,
      seen: fc.option(moment),
      marker: fc.option(fc.record({ image: character, phase: fc.constantFrom("begun", "forward", "back") })),
      state: fc.constantFrom("none", "completed", "updating", "paused", "rollback_completed"),
      tasks: fc.array(
        fc.record({
          image: character.map((of) => imageOf(`1.${of}`, of)),
          state: fc.constantFrom("pending", "preparing", "running", "failed"),
          placed: fc.boolean(),
          count: fc.integer({ min: 1, max: 9 }),
        }),
      ),
    })
    .map(({ runs: image, seen: until, marker, state, tasks }) =>
      factsOf({
        image: imageOf(`1.${image}`, image),
        tasks,
        update: { state, message: "", startedAt: "" },
        labels: {
          ...(marker
            ? {
                "hive.roll.id": "roll-x-0",
                "hive.roll.image": imageOf(`1.${marker.image}`, marker.image),
                "hive.roll.phase": marker.phase,
              }
            : {}),
          ...(until ? { "hive.roll.seen": until.toISOString() } : {}),
        },
      }),
    );
  const characterOf = (image: string): string => image.slice(-1);

  it("an older push never rolls while something newer runs, or was decided on, and no marker is its own", () => {
    fc.assert(
      fc.property(anyService, character, (service, of) => {
        const { labels } = service;
        const own =
          labels["hive.roll.id"] !== undefined && characterOf(labels["hive.roll.image"] ?? "") === of;
        const decided = byPush(service, pushOf(of));
        if (own) return expect(decided).toMatchObject({ kind: "roll", adopts: true });
        const until = labels["hive.roll.seen"];
        const passed = until !== undefined && pushedAt(of) <= new Date(until);
        const older = labels["hive.roll.id"] === undefined && characterOf(service.image) > of;
        if (passed || older) expect(decided.kind).not.toBe("roll");
      }),
      times(5_000),
    );
  });

  it("a push that is rolled replaces exactly the marker that was seen, and any other end says why", () => {
    fc.assert(
      fc.property(anyService, character, fc.boolean(), (service, of, person) => {
        const decided = decide(service, pushOf(of), person);
        const marker = service.labels["hive.roll.id"] ?? "";
        if (decided.kind === "roll") expect(decided.expects).toBe(marker);
        else expect(decided.because.length).toBeGreaterThan(10);
      }),
    );
  });

  it("a person's word is overruled by nothing but that all tasks run it", () => {
    fc.assert(
      fc.property(anyService, character, (service, of) => {
        const decided = byPerson(service, pushOf(of));
        if (decided.kind === "roll") return;
        expect(decided).toMatchObject({ kind: "skipped", because: "its tasks run it already" });
        expect(characterOf(service.image)).toBe(of);
        expect(service.labels["hive.roll.id"]).toBeUndefined();
      }),
      times(2_000),
    );
  });

  it("pushes in any order end with the newest, each decided on after the one before has ended", () => {
    fc.assert(
      fc.property(fc.array(character, { minLength: 1, maxLength: 20 }), character, (events, first) => {
        let service = runs(imageOf(`1.${first}`, first));
        const rolled: string[] = [];
        for (const of of events) {
          const wanted = pushOf(of);
          if (byPush(service, wanted).kind !== "roll") continue;
          rolled.push(of);
          service = runs(wanted.image, { "hive.roll.seen": wanted.seen });
        }
        expect(characterOf(service.image)).toBe([first, ...events].sort().at(-1));
        // Never back.
        expect(rolled).toEqual([...rolled].sort());
        expect(new Set(rolled).size).toBe(rolled.length);
      }),
      times(2_000),
    );
  });
});
