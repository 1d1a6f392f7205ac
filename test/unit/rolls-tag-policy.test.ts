import fc from "fast-check";
import type { PushedImage } from "../../shared/aws/images.ts";
import type { Digest } from "../../shared/identifiers.ts";
import { isOurs, newestImage, type TagPolicy, versionOf } from "../../shared/rolls/tag-policy.ts";
import { digestOf } from "./rolls-facts.ts";
import { times } from "./times.ts";

const policy: TagPolicy = {
  repositories: ["hive-*", "team/*/web"],
  rollTags: /^(?:latest|v?[0-9]+([.][0-9]+)*)$/,
  versionTags: /^(?:v?[0-9]+([.][0-9]+)*([-_.][0-9A-Za-z]+)*)$/,
};
const pushed = (character: string, at: string, ...tags: string[]): PushedImage => ({
  digest: digestOf(character) as Digest,
  tags,
  pushedAt: new Date(`2026-02-01T${at}Z`),
});

describe("a repository", () => {
  it.each([
    ["hive-tomcat", true],
    ["hive-", true],
    ["hive", false],
    ["my-hive-tomcat", false],
    ["hive-team/a", true],
    ["team/a/web", true],
    ["team/a/b/web", true],
    ["team//web", true],
    ["team/web", false],
    ["team/a/webs", false],
  ])("%s is ours: %s", (name, ours) => {
    expect(isOurs(policy, name)).toBe(ours);
  });

  it.each([
    ["a*b*c*d", "abcd", true],
    ["a*b*c*d", "a1b2c3d", true],
    ["a*b*c*d", "acbd", false],
    ["a*b*c*d", "abd", false],
    ["a*b*c*d", "abcc", false],
    ["a*bb*b", "abb", false],
    ["a*bb*b", "abbb", true],
    ["a*b*ba", "aba", false],
    ["*", "", true],
    ["**", "a", true],
    ["a", "aa", false],
  ])("%s has the name %s: %s, each of its parts after the one before", (pattern, name, ours) => {
    expect(isOurs({ ...policy, repositories: [pattern] }, name)).toBe(ours);
  });

  it("is none of ours where nothing is configured", () => {
    expect(isOurs({ ...policy, repositories: [] }, "hive-tomcat")).toBe(false);
  });

  it("is ours by exactly the names that the asterisks allow, as a regular expression would say", () => {
    const characters = (unit: string) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
    fc.assert(
      fc.property(characters("ab./*"), characters("ab./"), (pattern, name) => {
        const parts = pattern.split("*").map((part) => part.replaceAll(".", "[.]"));
        const expected = new RegExp(`^${parts.join(".*")}$`).test(name);
        expect(isOurs({ ...policy, repositories: [pattern] }, name)).toBe(expected);
      }),
      times(10_000),
    );
  });

  it("is compared in a moment, however many asterisks there are", () => {
    const repositories = [`${"*a".repeat(100)}*b`];
    const begun = performance.now();
    expect(isOurs({ ...policy, repositories }, "a".repeat(256))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe("the version of an image", () => {
  it.each([
    [["1", "1.4", "1.4.2", "latest"], "1.4.2"],
    [["latest", "1.4.10", "1.4.9"], "1.4.10"],
    [["1.10", "1.9.1"], "1.9.1"],
    [["2", "10"], "10"],
    [["1.4", "1.04"], "1.04"],
    [["1.04", "1.4"], "1.04"],
    [["v2.0.0"], "v2.0.0"],
    [["latest"], undefined],
    [["build-77", "latest"], undefined],
    [[], undefined],
  ])("with the tags %j is %s: the most exact one, and of two such the higher", (tags, version) => {
    expect(versionOf(policy, tags)).toBe(version);
  });

  it("does not depend on the order in which the registry names the tags", () => {
    const tag = fc.oneof(
      fc.stringMatching(/^v?[0-9]{1,2}([.][0-9]{1,2}){0,3}$/),
      fc.constantFrom("1.04", "1.4", "01.4", "v1.4", "1.4.2", "1.4.2-rc1", "1.4.2_rc1", "latest", "x"),
    );
    fc.assert(
      fc.property(fc.uniqueArray(tag), (tags) => {
        const version = versionOf(policy, tags);
        expect(versionOf(policy, [...tags].reverse())).toBe(version);
        expect(versionOf(policy, [...tags].sort())).toBe(version);
      }),
      times(2_000),
    );
  });

  it("leaves the list of tags as it is", () => {
    const tags = Object.freeze(["1", "1.4"]);
    expect(versionOf(policy, tags)).toBe("1.4");
  });
});

describe("the newest image of a repository", () => {
  it("is the one that was pushed last, of those with a tag that rolls", () => {
    const images = [
      pushed("1", "10:00:00", "1.4.1"),
      pushed("3", "10:02:00", "latest", "1.4.3"),
      pushed("2", "10:01:00", "1.4.2"),
      pushed("4", "10:03:00", "dev"),
      pushed("5", "10:04:00"),
    ];
    expect(newestImage(policy, images)).toBe(images[1]);
    expect(newestImage(policy, [...images].reverse())).toBe(images[1]);
  });

  it("is none where no tag rolls", () => {
    expect(newestImage(policy, [])).toBeUndefined();
    expect(newestImage(policy, [pushed("1", "10:00:00"), pushed("2", "10:01:00", "dev")])).toBeUndefined();
  });

  it("is no older than any other that rolls", () => {
    const image = fc.record({
      digest: fc.constant(digestOf("0") as Digest),
      tags: fc.subarray(["latest", "1.4.2", "dev"]),
      pushedAt: fc.date({ noInvalidDate: true }),
    });
    fc.assert(
      fc.property(fc.array(image), (images) => {
        const rolling = images.filter(({ tags }) => tags.some((tag) => tag !== "dev"));
        const newest = newestImage(policy, images);
        expect(newest === undefined).toBe(rolling.length === 0);
        if (newest) {
          expect(rolling).toContain(newest);
          for (const { pushedAt } of rolling) expect(pushedAt <= newest.pushedAt).toBe(true);
        }
      }),
    );
  });
});
