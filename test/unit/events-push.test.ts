import { readFileSync } from "node:fs";
import fc from "fast-check";
import { EventError } from "../../shared/events/error.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { times } from "./times.ts";

const sample = JSON.parse(readFileSync("events/image-push.json", "utf8"));
const digest: string = sample.detail["image-digest"];
/** The recorded push, with these members; undefined: without. */
const push = (changes: Record<string, unknown>) => ({ ...sample, detail: { ...sample.detail, ...changes } });

describe("a push to ECR", () => {
  it("is one event a tag: digest and repository are the same, the tag is its own", () => {
    const [version, latest] = ["1.4.2", "latest"].map((tag) => parseEvent(push({ "image-tag": tag })));
    expect(version).toEqual({ ...latest, tag: "1.4.2" });
  });

  it.each([
    ["no tag, as of a part of a multi-architecture image", { "image-tag": undefined }],
    ["an empty tag", { "image-tag": "" }],
    [
      "neither tag nor digest",
      { "image-tag": undefined, "image-digest": undefined, "manifest-media-type": undefined },
    ],
  ])("with %s is nothing that could be rolled", (_what, changes) => {
    expect(parseEvent(push(changes))).toEqual({
      kind: "image-action",
      what: "push without a tag to hive-tomcat",
    });
  });

  it.each([
    ["DELETE", "SUCCESS"],
    ["PUSH", "FAILURE"],
    ["DELETE", "FAILURE"],
    ["push", "SUCCESS"],
    ["PUSH", "success"],
    ["PUSH ", "SUCCESS"],
    ["", ""],
    ["ARCHIVE", "SUCCESS"],
  ])("that is a %s with %s is another action, told by its name", (type, result) => {
    expect(parseEvent(push({ "action-type": type, result }))).toEqual({
      kind: "image-action",
      what: `${type} ${result} in hive-tomcat`,
    });
  });

  it("that is another action is told in a few words, however long its name, and its digest and tag count for nothing", () => {
    const type = `x${"y".repeat(10_000)}`;
    const event = push({ "action-type": type, result: type, "image-digest": "none", "image-tag": "$(x)" });
    const short = type.slice(0, 40);
    expect(parseEvent(event)).toEqual({ kind: "image-action", what: `${short} ${short} in hive-tomcat` });
  });

  it.each([
    ["a", "image-digest", digest.toUpperCase(), /image-digest: not a digest sha256:…/],
    ["a", "image-digest", digest.slice(0, -1), /image-digest/],
    ["a", "image-digest", `${digest}0`, /image-digest/],
    ["a", "image-digest", `${digest}\n`, /image-digest/],
    ["no", "image-digest", undefined, /image-digest/],
    ["a", "image-tag", "-latest", /image-tag: not a tag/],
    ["a", "image-tag", "latest\n", /image-tag/],
    ["a", "image-tag", "1.4.2 --privileged", /image-tag/],
    ["a", "image-tag", "x".repeat(129), /image-tag/],
    ["a", "image-tag", 7, /image-tag/],
    ["a", "repository-name", "hive-tomcat:latest", /repository-name: not the name of a repository/],
    ["a", "repository-name", "", /repository-name/],
    ["a", "repository-name", "h", /repository-name/],
    ["a", "repository-name", "hive-", /repository-name/],
    ["a", "repository-name", "hive//tomcat", /repository-name/],
    ["a", "repository-name", "hive/../tomcat", /repository-name/],
    ["a", "repository-name", "/hive", /repository-name/],
    ["a", "repository-name", "hive/", /repository-name/],
    ["a", "repository-name", "Hive", /repository-name/],
    ["a", "repository-name", "hive\ntomcat", /repository-name/],
    ["a", "repository-name", "a".repeat(257), /repository-name/],
    ["no", "repository-name", undefined, /repository-name/],
    ["no", "action-type", undefined, /action-type/],
    ["no", "result", null, /result/],
  ])("with %s %s %j is refused, naming the member", (_with, member, value, message) => {
    expect(() => parseEvent(push({ [member]: value }))).toThrow(EventError);
    expect(() => parseEvent(push({ [member]: value }))).toThrow(message);
    expect(() => parseEvent(push({ [member]: value }))).toThrow(/^Cannot understand this ECR image action: /);
  });

  it.each([
    ["repository-name", "ab", "repository"],
    ["repository-name", "a".repeat(256), "repository"],
    ["repository-name", "team/hive_tomcat.web-1/0", "repository"],
    ["image-tag", "_", "tag"],
    ["image-tag", "x".repeat(128), "tag"],
    ["image-tag", "V1.4.2-rc_1.", "tag"],
  ])("with the %s %s is understood", (member, value, name) => {
    expect(parseEvent(push({ [member]: value }))).toHaveProperty(name, value);
  });

  it("carries no text but of these forms, whatever was sent", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-z0-9._/-]{1,20}$/));
    const changes = fc.record(
      { "repository-name": text, "image-tag": text, "image-digest": fc.oneof(text, fc.constant(digest)) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(changes, (changed) => {
        try {
          const trigger = parseEvent(push(changed));
          if (trigger.kind !== "push") return expect(changed["image-tag"]).toBe("");
          expect(trigger.repository).toMatch(/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/);
          expect(trigger.tag).toMatch(/^\w[\w.-]*$/);
          expect(trigger.digest).toBe(digest);
        } catch (error) {
          expect(error).toBeInstanceOf(EventError);
        }
      }),
      times(2_000),
    );
  });

  it("is judged in a moment, however long and repetitive its names are", () => {
    const names = ["a-".repeat(50_000), `${"a".repeat(50_000)}!`, "a/".repeat(50_000), "-".repeat(100_000)];
    const begun = performance.now();
    for (const name of names)
      expect(() => parseEvent(push({ "repository-name": name, "image-tag": name }))).toThrow(EventError);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
