import { readFileSync } from "node:fs";
import { EventError } from "../../shared/events/error.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { parseRepairRequest } from "../../shared/flows/repair-request.ts";

const sample = JSON.parse(readFileSync("events/repair-request.json", "utf8"));
const action = { kind: "start-join", subject: "i-0123456789abcdef0" };

const GOOD: readonly [string, unknown][] = [
  ["nothing", false],
  ["what is safe", "safe"],
  ["a list", { actions: [action, { kind: "remove-ghost", subject: "node abc" }] }],
];
const BAD: readonly [string, unknown][] = [
  ["everything", true],
  ["another word", "all"],
  ["an empty list", { actions: [] }],
  ["a list of names", { actions: ["start-join"] }],
  ["a kind that is none", { actions: [{ ...action, kind: "rm -rf" }] }],
  ["no subject", { actions: [{ ...action, subject: "" }] }],
  ["more than kind and subject", { actions: [{ ...action, force: true }] }],
  ["a list and more", { actions: [action], force: true }],
  ["more actions than any plan has", { actions: Array(2_001).fill(action) }],
];

describe("a person's request for a repair", () => {
  it("says in the example that what is safe is applied", () => {
    expect(parseEvent(sample)).toEqual({ kind: "repair-by-hand", apply: "safe" });
  });

  it.each(GOOD)("may ask for %s", (_what, apply) => {
    expect(parseEvent({ ...sample, detail: { apply } })).toEqual({ kind: "repair-by-hand", apply });
    expect(parseRepairRequest({ apply })).toEqual({ apply });
  });

  it.each(BAD)("is refused when it asks for %s", (_what, apply) => {
    expect(() => parseEvent({ ...sample, detail: { apply } })).toThrow(EventError);
    expect(() => parseRepairRequest({ apply })).toThrow("Cannot understand this request for a repair");
  });

  it.each([[undefined], [{}], [{ apply: "safe", group: "hive-workers" }], ["safe"]])(
    "%j is refused, and not taken for a sweep",
    (detail) => {
      expect(() => parseEvent({ ...sample, detail })).toThrow(EventError);
      expect(() => parseRepairRequest(detail)).toThrow(EventError);
    },
  );
});

describe("the schedule's request", () => {
  const due = { source: "hive-swarm", "detail-type": "Repair Due", detail: {} };

  it("applies what is safe", () => {
    expect(parseEvent(due)).toEqual({ kind: "repair-due", apply: "safe" });
  });

  it("has nothing to choose", () => {
    expect(() => parseEvent({ ...due, detail: { apply: { actions: [action] } } })).toThrow(
      'no member is called "apply"',
    );
  });
});
