import fc from "fast-check";
import type { PushedImage } from "../../shared/aws/images.ts";
import type { Digest } from "../../shared/identifiers.ts";
import { type Asked, type Choice, chooseImage, refusal } from "../../shared/rolls/choose.ts";
import { digestOf, imageOf } from "./rolls-facts.ts";
import { times } from "./times.ts";

const policy = {
  repositories: ["hive-*"],
  rollTags: /^(?:latest|[0-9.]+)$/,
  versionTags: /^[0-9.]+$/,
  rollSettleSeconds: 5,
};
const [repository = ""] = imageOf("", "1").split("@");
const start = Date.parse("2026-02-01T10:00:00Z");
/** @param at seconds after the start */
const pushed = (character: string, at: number, ...tags: string[]): PushedImage => ({
  digest: digestOf(character) as Digest,
  tags,
  pushedAt: new Date(start + at * 1000),
});
const byPush = (character: string): Asked => ({ repository, image: digestOf(character), byPerson: false });
const byPerson = (image: string): Asked => ({ repository, image, byPerson: true });
/** @param at seconds after the start */
const choose = (images: readonly PushedImage[], asked: Asked, at: number, waited = 0): Choice =>
  chooseImage(images, asked, policy, { now: start + at * 1000, waited });

describe("the image that was pushed", () => {
  it("is known by its digest: version, time of the push, nothing newer, and decided up to its own push", () => {
    const images = [pushed("1", 0, "1.4.1"), pushed("2", 60, "1.4.2", "latest")];
    expect(choose(images, byPush("2"), 70)).toEqual({
      kind: "image",
      image: imageOf("1.4.2", "2"),
      version: "1.4.2",
      pushedAt: "2026-02-01T10:01:00.000Z",
      seen: "2026-02-01T10:01:00.000Z",
      instead: "",
      newer: [],
    });
  });

  it("is not called by a tag that moves on", () => {
    const choice = choose([pushed("2", 0, "latest")], byPush("2"), 60);
    expect(choice).toMatchObject({ image: imageOf("", "2"), version: "" });
  });

  it("is waited for until its first tags, and the next push of a burst, have had their time", () => {
    const images = [pushed("2", 0, "1.4.2")];
    expect(choose(images, byPush("2"), 1.5)).toEqual({
      kind: "wait",
      because: "more tags of the image, or another push, may follow",
      seconds: 3.5,
    });
    expect(choose(images, byPush("2"), 4.999).kind).toBe("wait");
    expect(choose(images, byPush("2"), 5).kind).toBe("image");
    // A clock that is behind the registry's.
    expect(choose(images, byPush("2"), -2)).toMatchObject({ kind: "wait", seconds: 7 });
  });

  it("that the registry does not describe yet is waited for half a minute, and then is missing", () => {
    const because = `${repository} has no image ${digestOf("2")}`;
    for (const waited of [0, 30])
      expect(choose([pushed("1", 0, "latest")], byPush("2"), 0, waited)).toEqual({ kind: "wait", because });
    expect(choose([], byPush("2"), 0, 30.1)).toEqual({
      kind: "refused",
      image: imageOf("", "2"),
      because: "nothing was changed",
      cause: { code: "image-missing", text: because },
    });
  });

  it("gives way at once to the next push of a burst, waiting for nothing", () => {
    const images = [pushed("2", 0, "1.4.2"), pushed("3", 2, "1.4.3", "latest")];
    expect(choose(images, byPush("2"), 3)).toEqual({
      kind: "superseded",
      image: imageOf("1.4.2", "2"),
      because: `1.4.3, latest (${"3".repeat(12)}), pushed later, is to run`,
    });
  });

  it("gives way to nothing that rolls nothing", () => {
    const images = [pushed("2", 0, "latest"), pushed("3", 2, "dev"), pushed("4", 3)];
    const choice = choose(images, byPush("2"), 10);
    expect(choice).toMatchObject({ kind: "image", instead: "", newer: [digestOf("3"), digestOf("4")] });
  });

  it("whose event comes ten minutes late is left to what runs, which says more", () => {
    const images = [pushed("2", 0, "1.4.2"), pushed("3", 2, "latest")];
    expect(choose(images, byPush("2"), 599).kind).toBe("superseded");
    expect(choose(images, byPush("2"), 600)).toEqual({
      kind: "image",
      image: imageOf("1.4.2", "2"),
      version: "1.4.2",
      pushedAt: "2026-02-01T10:00:00.000Z",
      seen: "2026-02-01T10:00:00.000Z",
      instead: `latest (${"3".repeat(12)})`,
      newer: [digestOf("3")],
    });
  });

  it("is no tag: what a push names is a digest", () => {
    expect(choose([pushed("2", 0, "1.4.2")], { ...byPush("2"), image: "1.4.2" }, 60).kind).toBe("wait");
  });
});

describe("the image that a person asks for", () => {
  const images = [pushed("1", 0, "1.4.1", "stable"), pushed("2", 60, "1.4.2"), pushed("3", 120, "latest")];

  it("is known by digest or tag, at once, and passes over all that was pushed until now", () => {
    const wanted = {
      kind: "image",
      image: imageOf("1.4.1", "1"),
      version: "1.4.1",
      pushedAt: "2026-02-01T10:00:00.000Z",
      seen: "2026-02-01T10:02:00.000Z",
      instead: `latest (${"3".repeat(12)})`,
      newer: [digestOf("2"), digestOf("3")],
    };
    for (const image of ["1.4.1", "stable", digestOf("1")])
      expect(choose(images, byPerson(image), 121)).toEqual(wanted);
  });

  it("is not waited for when the registry has none", () => {
    expect(choose(images, byPerson("1.4.0"), 121)).toEqual({
      kind: "refused",
      image: `${repository}:1.4.0`,
      because: "nothing was changed",
      cause: { code: "image-missing", text: `${repository} has no image 1.4.0` },
    });
  });

  it("may be the newest, just pushed", () => {
    expect(choose(images, byPerson("latest"), 120)).toMatchObject({
      kind: "image",
      instead: "",
      newer: [],
      seen: "2026-02-01T10:02:00.000Z",
    });
  });
});

describe("a refusal", () => {
  it("names the image as it was asked for, by digest or by tag", () => {
    const cause = { code: "credentials", text: "DescribeImages: AccessDenied" } as const;
    expect(refusal(byPerson("1.4.0"), cause)).toMatchObject({ image: `${repository}:1.4.0`, cause });
    expect(refusal(byPush("2"), cause)).toMatchObject({ image: imageOf("", "2") });
  });
});

describe("whatever the registry holds", () => {
  const image = fc
    .record({
      character: fc.constantFrom(..."0123456789abcdef"),
      at: fc.integer({ min: 0, max: 2_000 }),
      tags: fc.subarray(["latest", "1.4.2", "1.5", "dev"]),
    })
    .map(({ character, at, tags }) => pushed(character, at, ...tags));
  const registry = fc.uniqueArray(image, { selector: ({ digest }) => digest });

  it("a push is never chosen within ten minutes while something newer is to run, and seen is never before it", () => {
    fc.assert(
      fc.property(registry, fc.integer({ min: 0, max: 4_000 }), fc.boolean(), (images, at, person) => {
        const [wanted] = images;
        fc.pre(wanted !== undefined);
        const asked = { repository, image: wanted.digest, byPerson: person };
        const choice = choose(images, asked, at);
        if (choice.kind !== "image") return;
        const newer = images.filter(({ pushedAt }) => pushedAt > wanted.pushedAt);
        const rolls = newer.filter(({ tags }) => tags.some((tag) => tag !== "dev"));
        expect(choice.instead !== "").toBe(rolls.length > 0);
        expect([...choice.newer].sort()).toEqual(newer.map(({ digest }) => digest).sort());
        expect(choice.seen >= choice.pushedAt).toBe(true);
        if (person) for (const { pushedAt } of newer) expect(pushedAt <= new Date(choice.seen)).toBe(true);
        else {
          expect(choice.seen).toBe(choice.pushedAt);
          expect(rolls.length > 0 && start + at * 1000 - wanted.pushedAt.getTime() < 600_000).toBe(false);
        }
        // It is stored between steps.
        expect(JSON.parse(JSON.stringify(choice))).toEqual(choice);
      }),
      times(2_000),
    );
  });

  it("the answer stays small: of thousands that are newer the first five hundred are named", () => {
    const many = Array.from({ length: 3_000 }, (_, index) => ({
      ...pushed("1", 1 + index, "dev"),
      digest: `sha256:${index.toString(16).padStart(64, "0")}` as Digest,
    }));
    const choice = choose([pushed("f", 0, "latest"), ...many], byPush("f"), 4_000);
    expect(choice).toMatchObject({ kind: "image" });
    expect("newer" in choice && choice.newer).toHaveLength(500);
  });
});
