// To which image a service goes back, by its history alone.
import { destination, Impossible } from "../../cli/roll/go-back.ts";
import type { HistoryEntry } from "../../shared/rolls/history.ts";
import { digestOf, imageOf } from "./rolls-facts.ts";

const V1 = imageOf("1.4.0", "a");
const V2 = imageOf("1.4.1", "b");
const V3 = imageOf("1.4.2", "c");
const UNNAMED = imageOf("", "d");

const entry = (
  outcome: string,
  image: string,
  from: string,
  runs = outcome === "converged" ? image : from,
): HistoryEntry => ({
  roll: `roll-${image}-${from}-${outcome}`,
  outcome,
  image,
  from,
  runs,
  because: "",
  trigger: "push",
  why: "",
  startedAt: "2026-02-01T10:00:00.000Z",
  seconds: 20,
});

const to = (entries: readonly HistoryEntry[], where?: string): string => {
  const { repository, digest, row } = destination(entries, where);
  expect(repository).toBe("hive-tomcat");
  return `${digest.slice(7, 8)} of row ${row}`;
};

describe("without a word", () => {
  it("is the image before the one that converged last", () => {
    expect(to([entry("converged", V2, V1)])).toBe("a of row 1");
    expect(to([entry("converged", V3, V2), entry("converged", V2, V1)])).toBe("b of row 1");
  });

  it("is not the image that was just rolled back from, but the one before what runs again", () => {
    expect(to([entry("rolled back", V3, V2), entry("converged", V2, V1)])).toBe("a of row 2");
  });

  it("is never one that was only tried", () => {
    expect(
      to([entry("rolled back", V2, V2, V2), entry("superseded", V3, V2, V3), entry("converged", V2, V1)]),
    ).toBe("a of row 3");
  });

  it("goes forth again after it went back", () => {
    expect(to([entry("converged", V1, V2), entry("converged", V2, V1)])).toBe("b of row 1");
  });

  it("cannot be where nothing else ever ran", () => {
    expect(() => to([entry("rolled back", V3, V2)])).toThrow(Impossible);
    expect(() => to([entry("converged", V2, "")])).toThrow("nothing to go back to");
  });
});

describe("to a row", () => {
  const entries = [entry("rolled back", V3, V2), entry("converged", V2, V1), entry("converged", V1, UNNAMED)];

  it("is what ran at its end", () => {
    expect(to(entries, "1")).toBe("b of row 1");
    expect(to(entries, "3")).toBe("a of row 3");
  });

  it.each(["0", "4", "999"])("%s, which is not there, is refused with those that are", (row) => {
    expect(() => to(entries, row)).toThrow(`rows 1 to 3, and no row ${row}`);
  });

  it("that was never rolled by us has no digest, and is refused", () => {
    expect(() => to([entry("rolled back", V3, "registry/hive-tomcat:latest")], "1")).toThrow("no digest");
  });
});

describe("to an image by name", () => {
  const entries = [entry("rolled back", V3, V2), entry("converged", V2, V1), entry("converged", V1, UNNAMED)];

  it("is a version that ran, or was to run", () => {
    expect(to(entries, "1.4.0")).toBe("a of row 2");
    expect(to(entries, "1.4.2")).toBe("c of row 1");
  });

  it("is a digest, or the beginning that the history shows", () => {
    expect(to(entries, digestOf("d"))).toBe("d of row 3");
    expect(to(entries, "dddddddddddd")).toBe("d of row 3");
    expect(to(entries, "sha256:dddddd")).toBe("d of row 3");
  });

  it("prefers the one that ran where a version was pushed twice", () => {
    const bad = imageOf("1.4.1", "e");
    expect(to([entry("rolled back", bad, V3), entry("converged", V3, V2)], "1.4.1")).toBe("b of row 2");
  });

  it("is refused when a beginning is that of two", () => {
    const [one, other] = ["abcdef1", "abcdef2"].map(
      (start) => `r/hive-tomcat@sha256:${start.padEnd(64, "0")}`,
    );
    expect(() => to([entry("converged", one ?? "", other ?? "")], "abcdef")).toThrow(
      "begins several digests",
    );
  });

  it("is refused when the history has it not, with what it has", () => {
    expect(() => to(entries, "9.9.9")).toThrow("it knows 1.4.1, 1.4.0, dddddddddddd, 1.4.2");
  });
});
