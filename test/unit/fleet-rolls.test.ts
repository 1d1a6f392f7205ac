// Services of which a plan says something: a roll that was cut off, a push that nobody heard of, and much that is neither.
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import { newest, only, type Parts, planOf, said, unread } from "./fleet-scene.ts";
import { digestOf, factsOf, imageOf, markerLabels, NEW, NEWER, OLD, ROLL } from "./rolls-facts.ts";

const NAME = factsOf().name;
const SEEN = { "hive.roll.seen": "2026-02-01T09:00:00.000Z" };
const withService = (changes: Partial<ServiceFacts>, others: Partial<Parts> = {}): Partial<Parts> => ({
  services: [factsOf(changes)],
  ...others,
});

describe("a push that nobody heard of", () => {
  const images = [newest()];
  const lost = withService({ labels: SEEN }, { images });

  it("is rolled", () => {
    expect(said(lost)).toEqual([`roll-newest ${NAME} (safe)`]);
    expect(only(planOf(lost))).toMatchObject({ service: NAME, fact: "ECR" });
    expect(only(planOf(lost)).reason).toContain(
      "it runs 1.4.1, and 1.4.2 was pushed at 2026-02-01T10:00:00.000Z",
    );
  });

  it("is a person's to roll where no roll was ever decided on: what runs may be meant", () => {
    expect(said(withService({}, { images }))).toEqual([`roll-newest ${NAME} (person)`]);
  });

  it("is left to its event for five minutes", () => {
    const at = (pushedAt: string) => said({ ...lost, images: [newest({ pushedAt })] });
    expect(at("2026-02-01T11:55:00.001Z")).toEqual([]);
    expect(at("2026-02-01T11:55:00.000Z")).toEqual([`roll-newest ${NAME} (safe)`]);
  });

  it.each([
    "roll-hive-tomcat-2222222222222222-0",
    "roll-hive-tomcat-3333333333333333-2",
    "roll-by-hand-0123456789abcdef-0",
  ])("is left to %s, which runs", (roll) => {
    expect(said({ ...lost, flows: [roll] })).toEqual([]);
  });

  it("is not left to a roll of another repository", () => {
    expect(said({ ...lost, flows: ["roll-shop-2222222222222222-0"] })).toEqual([
      `roll-newest ${NAME} (safe)`,
    ]);
  });

  it.each([
    ["runs already", { image: NEW, labels: SEEN }],
    ["was decided on before", { labels: { "hive.roll.seen": "2026-02-01T10:00:00.000Z" } }],
    ["is not to be rolled", { labels: { ...SEEN, "hive.roll": "false" } }],
    ["is a job", { mode: "job" as const, labels: SEEN }],
    ["runs on managers alone", { managersOnly: true, labels: SEEN }],
    ["is of another repository", { image: OLD.replace("hive-tomcat", "shop"), labels: SEEN }],
  ])("does not concern a service that %s", (_what, changes) => {
    expect(said(withService(changes, { images }))).toEqual([]);
  });

  it("does not overrule a person who set an image that was pushed later and that no tag would roll", () => {
    const ours = withService(
      { image: NEWER, labels: SEEN },
      { images: [newest({ newer: [digestOf("3")] })] },
    );
    expect(said(ours)).toEqual([]);
  });

  it("is not judged when images, flows or swarm could not be read", () => {
    expect(said(lost, { newest: unread("throttled") })).toEqual([]);
    expect(said(lost, { flows: unread("throttled") })).toEqual([]);
    expect(said(lost, { swarm: unread("no manager answered") })).toEqual([]);
  });
});

describe("a roll that was cut off", () => {
  const marked = (changes: Record<string, string> = {}, facts: Partial<ServiceFacts> = {}) =>
    withService({ image: NEW, replicas: 2, labels: markerLabels(changes), ...facts }, { images: [newest()] });

  it("is finished, with the replicas that it took away", () => {
    expect(said(marked())).toEqual([`finish-roll ${NAME} (safe)`]);
    const { reason } = only(planOf(marked()));
    expect(reason).toContain(`roll ${ROLL} of 1.4.2 stands in phase forward since 2026-02-01T10:00:00.000Z`);
    expect(reason).toContain("(2 replicas now, 3 are to be restored)");
  });

  it("is finished the way it went: back", () => {
    expect(only(planOf(marked({ "hive.roll.phase": "back" }))).reason).toContain(
      "it is finished: back to 1.4.1",
    );
  });

  it("is finished also when the registry could not be read", () => {
    expect(said(marked(), { newest: unread("throttled") })).toEqual([`finish-roll ${NAME} (safe)`]);
  });

  it("is left to its execution, to one that may take it over, and to itself while it is young", () => {
    for (const roll of [ROLL, "roll-by-hand-0123456789abcdef-1", "roll-hive-tomcat-3333333333333333-0"])
      expect(said({ ...marked(), flows: [roll] })).toEqual([]);
    expect(said(marked({ "hive.roll.since": "2026-02-01T11:56:00.000Z" }))).toEqual([]);
    expect(said(marked(), { flows: unread("throttled") })).toEqual([]);
  });

  it("is left to its execution whatever that is called", () => {
    const flows = ["roll-of-another-name"];
    expect(said({ ...marked({ "hive.roll.id": "roll-of-another-name" }), flows })).toEqual([]);
  });

  it("is taken over by what was pushed since", () => {
    const images = [newest({ image: NEWER, pushedAt: "2026-02-01T11:00:00.000Z" })];
    const changes = { ...marked(), images };
    expect(said(changes)).toEqual([`roll-newest ${NAME} (safe)`]);
    expect(only(planOf(changes)).reason).toMatch(/^roll .*, and its execution is gone.*1\.4\.3 was pushed/);
  });

  it.each([
    ["is opted out", marked({ "hive.roll": "false" }), "hive.roll=false forbids"],
    ["is a job", marked({}, { mode: "job" }), "not rolled"],
    [
      "has a damaged marker",
      marked({ "hive.roll.image": imageOf("1.4.2", "2").slice(0, -3) }),
      "names no digest",
    ],
  ])("of a service that %s is a person's", (_what, changes, words) => {
    expect(said({ ...changes, images: [] })).toEqual([`look-at ${NAME} (person)`]);
    expect(only(planOf({ ...changes, images: [] })).reason).toContain(words);
  });
});

describe("an update of somebody else", () => {
  it.each(["paused", "rollback_paused"])("that stands %s is named, and not woken", (state) => {
    const update = { state, message: "update paused due to failure", startedAt: "2026-02-01T08:30:00Z" };
    const changes = withService({ update, labels: SEEN }, { images: [newest()] });
    expect(said(changes)).toEqual([`look-at ${NAME} (person)`]);
    expect(only(planOf(changes)).reason).toContain(
      "since 2026-02-01T08:30:00Z: update paused due to failure",
    );
  });
});
