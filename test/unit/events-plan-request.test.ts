import { readFileSync } from "node:fs";
import { EventError } from "../../shared/events/error.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { parsePlanRequest } from "../../shared/flows/plan-request.ts";

const sample = JSON.parse(readFileSync("events/plan-request.json", "utf8"));

describe("a person's request for a plan", () => {
  it("says nothing but that", () => {
    expect(parseEvent(sample)).toEqual({ kind: "plan-by-hand" });
  });

  it.each([
    ["that would choose", { group: "hive-workers" }, 'no member is called "group"'],
    ["that would apply it", { apply: true }, 'no member is called "apply"'],
    ["without detail", undefined, "request for a plan"],
    ["of a text", "now", "request for a plan"],
  ])("is refused when it is one %s", (_what, detail, words) => {
    const parse = () => parseEvent({ ...sample, detail });
    expect(parse).toThrow(EventError);
    expect(parse).toThrow(words);
  });
});

describe("the payload of a plan", () => {
  it("says that nothing is applied", () => {
    expect(parsePlanRequest({ apply: false })).toEqual({ apply: false });
  });

  it.each([[{ apply: true }], [{}], [null], [{ apply: false, group: "hive-workers" }], [{ apply: "false" }]])(
    "%j is refused, and not taken for a look",
    (payload) => {
      expect(() => parsePlanRequest(payload)).toThrow("request for a plan {apply: false}");
    },
  );
});
