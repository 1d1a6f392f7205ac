import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { AnswerError, parseAnswer } from "../../shared/swarm/answers.ts";
import { explainAnswer, surveyAnswer, updateAnswer, watchAnswer } from "../../shared/swarm/services.ts";
import { factsOf, failureOf, markerLabels, NEW } from "./rolls-facts.ts";
import { times } from "./times.ts";

/** As the documents pack it: gzip, base64 on one line. */
const pack = (value: unknown): string => gzipSync(JSON.stringify(value)).toString("base64");
const facts = factsOf({
  labels: markerLabels(),
  failures: [failureOf({ exitCode: null, lines: '日本 "quoted" \n\\' })],
  waiting: ["no suitable node (insufficient resources on 3 nodes)"],
});
const seen = (gz: unknown) => JSON.stringify({ outcome: "seen", gz });
const watch = (stdout: string) => parseAnswer(watchAnswer, "watch-service", stdout);

describe("the answer of watch-service", () => {
  it("is unpacked into the facts of the service, whatever follows the first line", () => {
    expect(watch(`${seen(pack(facts))}\nnoise`)).toEqual({ outcome: "seen", gz: facts });
  });

  it("may be that there is no such service", () => {
    expect(watch('{"outcome":"no-service"}')).toEqual({ outcome: "no-service" });
  });

  it("may have members that this version does not know yet", () => {
    const later = {
      ...facts,
      version: 4711,
      order: "stop-first",
      now: 1769940000,
      tasks: facts.tasks.map((task) => ({ ...task, slot: 1 })),
      update: { ...facts.update, completedAt: "" },
    };
    expect(watch(seen(pack(later)))).toEqual({ outcome: "seen", gz: facts });
  });

  it("has tasks in any state that an engine knows, and no replicas where it is global", () => {
    const states = ["new", "pending", "assigned", "ready", "orphaned", "some-later-one"];
    const tasks = states.map((state) => ({ image: NEW, state, placed: false, count: 1 }));
    const other = factsOf({ mode: "global", replicas: null, youngest: null, tasks });
    expect(watch(seen(pack(other)))).toEqual({ outcome: "seen", gz: other });
  });

  it.each<[string, unknown]>([
    ["nothing packed", undefined],
    ["an empty text", ""],
    ["no base64", "{}"],
    ["base64 of no gzip", Buffer.from(JSON.stringify(facts)).toString("base64")],
    ["half of it", pack(facts).slice(0, 100)],
    ["gzip of no JSON", gzipSync("not json").toString("base64")],
    ["gzip of nothing", gzipSync("").toString("base64")],
    ["a list", pack([facts])],
    ["null", pack(null)],
    ["the facts unpacked", facts],
    ["another mode", pack({ ...facts, mode: "replicated-job" })],
    ["no labels", pack({ ...facts, labels: null })],
    ["labels that are no text", pack({ ...facts, labels: { "hive.roll.slots": 3 } })],
    ["a task without a count", pack({ ...facts, tasks: [{ image: NEW, state: "running", placed: true }] })],
    ["a number as text", pack({ ...facts, failed: "0" })],
    ["no update", pack({ ...facts, update: null })],
    ["nobody who stops", pack({ ...facts, stopping: undefined })],
  ])("is refused with %s, with what was printed", (_what, gz) => {
    expect(() => watch(seen(gz))).toThrow(AnswerError);
    expect(() => watch(seen(gz))).toThrow(/^answered something else than it should: "\{/);
  });

  it("is facts or refused, never anything else, whatever is packed and wherever it was cut", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.base64String(),
      fc.jsonValue().map(pack),
      fc.nat(pack(facts).length - 4).map((length) => pack(facts).slice(0, length)),
    );
    fc.assert(
      fc.property(text, (gz) => {
        expect(() => watch(seen(gz))).toThrow(AnswerError);
      }),
      times(1_000),
    );
  });
});

describe("the answer of survey-services", () => {
  it("is all services of a repository, and who could pull for them", () => {
    const survey = {
      services: [facts, factsOf({ mode: "job" })],
      workers: ["i-0123456789abcdef0"],
      unlabelled: 2,
    };
    const stdout = JSON.stringify({ gz: pack({ ...survey, now: 1769940000 }) });
    expect(parseAnswer(surveyAnswer, "survey-services", stdout)).toEqual({ gz: survey });
  });

  it("of a large fleet fits into what Systems Manager keeps of the output", () => {
    const services = Array.from({ length: 40 }, (_, index) =>
      factsOf({ name: `shop_hive-${index}`, id: `${index}`.padStart(25, "a"), labels: markerLabels() }),
    );
    const workers = Array.from({ length: 500 }, (_, index) => `i-0${index.toString(16).padStart(16, "0")}`);
    const stdout = JSON.stringify({ gz: pack({ services, workers, unlabelled: 0 }) });
    expect(stdout.length).toBeLessThan(24_000);
    expect(parseAnswer(surveyAnswer, "survey-services", stdout).gz.workers).toHaveLength(500);
  });

  it("is refused when one service of many cannot be read", () => {
    const survey = { services: [facts, { ...facts, image: undefined }], workers: [], unlabelled: 0 };
    const stdout = JSON.stringify({ gz: pack(survey) });
    expect(() => parseAnswer(surveyAnswer, "survey-services", stdout)).toThrow(AnswerError);
  });
});

describe("the answer of update-service", () => {
  const update = (answer: unknown) => parseAnswer(updateAnswer, "update-service", JSON.stringify(answer));

  it.each(["done", "lost", "changed"])("is %s, with the facts after it", (outcome) => {
    expect(update({ outcome, gz: pack(facts) })).toEqual({ outcome, gz: facts });
  });

  it("may name hosts that do not hold the image yet, or have no service", () => {
    const hosts = "i-0123456789abcdef0 i-0fffffffffffffff9";
    expect(update({ outcome: "new-hosts", hosts, gz: pack(facts) })).toEqual({
      outcome: "new-hosts",
      hosts,
      gz: facts,
    });
    expect(update({ outcome: "no-service" })).toEqual({ outcome: "no-service" });
  });

  it.each<[string, unknown]>([
    ["another outcome", { outcome: "seen", gz: pack(facts) }],
    ["done without facts", { outcome: "done" }],
    ["new hosts without hosts", { outcome: "new-hosts", gz: pack(facts) }],
    ["new hosts as a list", { outcome: "new-hosts", hosts: [], gz: pack(facts) }],
    ["no outcome", { gz: pack(facts) }],
  ])("is refused with %s", (_what, answer) => {
    expect(() => update(answer)).toThrow(AnswerError);
  });
});

describe("the answer of explain-task", () => {
  const words = {
    outcome: "seen",
    exitCode: 0,
    oomKilled: false,
    unhealthy: true,
    probe: "refused",
    error: "",
    lines: "",
  };
  const explain = (answer: unknown) => parseAnswer(explainAnswer, "explain-task", JSON.stringify(answer));

  it("is what the host saw, or that the container is gone", () => {
    expect(explain(words)).toEqual(words);
    expect(explain({ outcome: "gone" })).toEqual({ outcome: "gone" });
  });

  it.each(Object.keys(words))("is refused without %s", (member) => {
    expect(() => explain({ ...words, [member]: undefined })).toThrow(AnswerError);
  });
});
