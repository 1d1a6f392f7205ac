import fc from "fast-check";
import type { Digest } from "../../shared/identifiers.ts";
import { imageName, parseImage, sameImage, shortImage } from "../../shared/rolls/image.ts";
import { imagesToKeep, markerOf, seenUntil } from "../../shared/rolls/marker.ts";
import { digestOf, factsOf, imageOf, markerLabels, NEW, OLD, ROLL } from "./rolls-facts.ts";
import { times } from "./times.ts";

const digest = digestOf("a");
const registry = fc.oneof(
  fc.constantFrom("123456789012.dkr.ecr.us-east-1.amazonaws.com", "10.78.0.1:5000", "localhost:5000", "r"),
  fc.stringMatching(/^[a-z0-9.-]{1,20}(:[0-9]{1,5})?$/),
);
const repository = fc
  .tuple(registry, fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+){0,2}$/))
  .map((parts) => parts.join("/"));
const tag = fc.stringMatching(/^\w[\w.-]{0,30}$/);
const anyDigest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);

describe("the name of an image", () => {
  it("is put together and taken apart without loss, registries with a port too", () => {
    fc.assert(
      fc.property(repository, fc.option(tag, { nil: undefined }), anyDigest, (name, version, image) => {
        expect(parseImage(imageName(name, version, image as Digest))).toEqual({
          repository: name,
          tag: version,
          digest: image,
        });
      }),
      times(1_000),
    );
  });

  it.each([
    ["r/hive", { repository: "r/hive", tag: undefined, digest: undefined }],
    ["r/hive:1", { repository: "r/hive", tag: "1", digest: undefined }],
    ["r:5000/hive", { repository: "r:5000/hive", tag: undefined, digest: undefined }],
    ["r:5000/hive:1", { repository: "r:5000/hive", tag: "1", digest: undefined }],
    [`r:5000/a/b@${digest}`, { repository: "r:5000/a/b", tag: undefined, digest }],
    [`r:5000/a/b:1@${digest}`, { repository: "r:5000/a/b", tag: "1", digest }],
    ["hive:1", { repository: "hive", tag: "1", digest: undefined }],
    [`hive:1@${digest}x`, { repository: "hive", tag: "1", digest: undefined }],
    ["hive:1@sha256:ab", { repository: "hive", tag: "1", digest: undefined }],
    ["", { repository: "", tag: undefined, digest: undefined }],
    [digest, { repository: "sha256", tag: "a".repeat(64), digest: undefined }],
  ])("%j is taken apart as Docker does, and what is no digest is left out", (name, parts) => {
    expect(parseImage(name)).toEqual(parts);
  });

  it("never fails to be taken apart", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        expect(name.startsWith(parseImage(name).repository)).toBe(true);
      }),
    );
  });

  it("is short for people: the version, else the beginning of the digest, else as it is", () => {
    expect(shortImage(imageOf("1.4.2", "a"))).toBe("1.4.2");
    expect(shortImage(imageOf("", "a"))).toBe("a".repeat(12));
    expect(shortImage("r:5000/hive")).toBe("r:5000/hive");
  });
});

describe("two names", () => {
  it("are the same image when their digests are, whatever they are called", () => {
    expect(sameImage(imageOf("1.4.2", "a"), imageOf("latest", "a"))).toBe(true);
    expect(sameImage(imageOf("", "a"), `other/name@${digest}`)).toBe(true);
    expect(sameImage(imageOf("1.4.2", "a"), imageOf("1.4.2", "b"))).toBe(false);
  });

  it("are the same without digests only when they are equal, and never when one has a digest alone", () => {
    expect(sameImage("r/hive:1", "r/hive:1")).toBe(true);
    expect(sameImage("r/hive:1", "r/hive:2")).toBe(false);
    expect(sameImage("r/hive:1", `r/hive:1@${digest}`)).toBe(false);
    expect(sameImage(`r/hive:1@${digest}`, "r/hive:1")).toBe(false);
    expect(sameImage("", "")).toBe(true);
  });

  it("are the same in either order", () => {
    const name = fc.oneof(fc.constantFrom(OLD, NEW, imageOf("latest", "1"), "r/hive:1"), fc.string());
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(sameImage(one, other)).toBe(sameImage(other, one));
        expect(sameImage(one, one)).toBe(true);
      }),
    );
  });
});

describe("the marker of a roll", () => {
  it("is what the labels say", () => {
    const labels = markerLabels({ "hive.roll.phase": "back", "hive.roll.cause": "unhealthy" });
    expect(markerOf({ labels })).toEqual({
      id: ROLL,
      image: NEW,
      from: OLD,
      phase: "back",
      cause: "unhealthy",
    });
  });

  it("is none without an id, and half of one is still a marker", () => {
    expect(markerOf({ labels: {} })).toBeUndefined();
    expect(markerOf({ labels: markerLabels({ "hive.roll.id": "" }) })).toBeUndefined();
    expect(markerOf({ labels: { "hive.roll.id": "x" } })).toEqual({
      id: "x",
      image: "",
      from: "",
      phase: "",
      cause: "",
    });
  });
});

describe("what was decided on", () => {
  it("is a moment, or unknown where the label is missing or no time", () => {
    expect(seenUntil({ labels: { "hive.roll.seen": "2026-02-01T10:00:00.000Z" } })).toEqual(
      new Date("2026-02-01T10:00:00Z"),
    );
    for (const labels of [{}, { "hive.roll.seen": "" }, { "hive.roll.seen": "soon" }])
      expect(seenUntil({ labels })).toBeUndefined();
  });
});

describe("the images that a host must keep", () => {
  it("are what runs, what is rolled to, what can be gone back to, and nothing empty", () => {
    expect(imagesToKeep(factsOf())).toEqual([OLD]);
    const labels = markerLabels({ "hive.previous": imageOf("1.4.0", "0"), "hive.roll.image": NEW });
    expect(imagesToKeep(factsOf({ labels }))).toEqual([OLD, NEW, OLD, imageOf("1.4.0", "0")]);
    expect(imagesToKeep(factsOf({ labels: { "hive.previous": "" } }))).toEqual([OLD]);
  });
});
