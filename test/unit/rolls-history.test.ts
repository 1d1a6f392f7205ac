import fc from "fast-check";
import { historyEntry, readHistory } from "../../shared/rolls/history.ts";
import { isHistory, isTrouble, type RollOutcome, type RollResult } from "../../shared/rolls/outcome.ts";
import { digestOf, NEW, OLD, ROLL } from "./rolls-facts.ts";
import { times } from "./times.ts";

const outcome = (changes: Partial<RollOutcome> = {}): RollOutcome => ({
  roll: ROLL,
  outcome: "rolled back",
  service: "shop_hive-tomcat",
  repository: "hive-tomcat",
  image: NEW,
  version: "1.4.2",
  from: OLD,
  runs: OLD,
  because: "3 tasks run 1.4.1 again",
  cause: { code: "unhealthy", text: "tasks start, and their health check does not pass" },
  trigger: "person",
  why: "1.4.1 answers slowly",
  startedAt: "2026-02-01T10:00:00.000Z",
  seconds: 41.2,
  ...changes,
});

describe("an entry of a service's history", () => {
  it("is the outcome without what the history's own name says, on one line", () => {
    const entry = historyEntry(outcome());
    expect(entry).not.toContain("\n");
    expect(JSON.parse(entry)).toEqual({
      roll: ROLL,
      outcome: "rolled back",
      image: NEW,
      from: OLD,
      runs: OLD,
      because: "3 tasks run 1.4.1 again",
      cause: "unhealthy: tasks start, and their health check does not pass",
      trigger: "person",
      why: "1.4.1 answers slowly",
      startedAt: "2026-02-01T10:00:00.000Z",
      seconds: 41.2,
    });
  });

  it("has no cause where all went well", () => {
    const { cause: _cause, ...well } = outcome({ outcome: "converged" });
    expect(JSON.parse(historyEntry(well))).not.toHaveProperty("cause");
  });

  it("can be read again", () => {
    expect(readHistory([historyEntry(outcome())])).toEqual([JSON.parse(historyEntry(outcome()))]);
  });

  it("has each text in one line of four hundred characters at most, and what follows is left out", () => {
    const text = `a\n\tb\u0000c\u001b[31m ${"x".repeat(1_000)}`;
    const entry = JSON.parse(
      historyEntry(outcome({ because: text, why: text, cause: { code: "unknown", text } })),
    );
    expect(entry.because).toBe(`a b c [31m ${"x".repeat(1_000)}`.slice(0, 400));
    expect(entry.why).toBe(entry.because);
    expect(entry.cause).toBe(`unknown: ${entry.because}`.slice(0, 400));
  });

  it.each([
    ["{{ssm:/a}}", "{ {ssm:/a} }"],
    ["{{{{x}}}}", "{ { { {x} } } }"],
    ["{\n{x}\t}", "{ {x} }"],
    ["{}", "{}"],
  ])("says %j as %j, so that Parameter Store takes it for no reference", (text, said) => {
    expect(JSON.parse(historyEntry(outcome({ because: text }))).because).toBe(said);
  });

  it("has less of a text that needs more room: six hundred bytes of it", () => {
    const read = (because: string): string => JSON.parse(historyEntry(outcome({ because }))).because;
    expect(read('"'.repeat(500))).toBe('"'.repeat(299));
    expect(read("日".repeat(500))).toBe("日".repeat(199));
    expect(read("x".repeat(500))).toBe("x".repeat(400));
  });

  it("is one that Parameter Store takes, whatever was said of the longest names", () => {
    const repository = `${"h".repeat(200)}:65535/${"r".repeat(256)}`;
    const longest = `${repository}:${"t".repeat(128)}@${digestOf("f")}`;
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.string({
        unit: fc.constantFrom("{", "}", '"', "\\", "\n", "\u0001", "😀", "\ud800", "x"),
        maxLength: 600,
      }),
      fc.constantFrom(
        '"'.repeat(600),
        "\\".repeat(600),
        "\ud800".repeat(600),
        "{".repeat(600),
        "😀".repeat(300),
      ),
    );
    fc.assert(
      fc.property(text, text, text, fc.constantFrom(longest, NEW), (because, cause, why, image) => {
        const entry = historyEntry(
          outcome({
            roll: "r".repeat(64),
            image,
            from: image,
            runs: image,
            because,
            why,
            cause: { code: "host-unreachable", text: cause },
          }),
        );
        expect(Buffer.byteLength(entry)).toBeLessThanOrEqual(4_096);
        expect(entry).not.toMatch(/\{\{|\}\}/);
        expect(entry).not.toMatch(/\p{Cc}/u);
        const [read] = readHistory([entry]);
        expect(read).toMatchObject({ image, from: image, runs: image, outcome: "rolled back" });
      }),
      times(500),
    );
  });
});

describe("a service's history", () => {
  const at = (roll: string, seconds = 1) => historyEntry(outcome({ roll, seconds }));

  it("is in the order in which it is read: the newest first", () => {
    expect(readHistory([at("c"), at("a"), at("b")]).map(({ roll }) => roll)).toEqual(["c", "a", "b"]);
  });

  it("has an entry once that a step wrote twice after a crash: as it was written last", () => {
    const entries = readHistory([at("b", 3), at("b", 2), at("a"), at("b", 1)]);
    expect(entries.map(({ roll, seconds }) => [roll, seconds])).toEqual([
      ["b", 3],
      ["a", 1],
    ]);
  });

  it("leaves out what is no entry, and what later versions add", () => {
    const later = JSON.stringify({ ...JSON.parse(at("a")), mood: "good" });
    const garbage = ["", "not json", "null", "7", "[]", "{}", '{"roll":"x"}', '{"roll":1,"outcome":2}'];
    const entries = readHistory([...garbage, later, at("b")]);
    expect(entries.map(({ roll }) => roll)).toEqual(["a", "b"]);
    expect(entries[0]).not.toHaveProperty("mood");
  });

  it("never fails to be read", () => {
    const version = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constantFrom(at("a"), at("b")));
    fc.assert(
      fc.property(fc.array(version), (versions) => {
        const rolls = readHistory(versions).map(({ roll }) => roll);
        expect(new Set(rolls).size).toBe(rolls.length);
      }),
    );
  });
});

describe("an outcome", () => {
  it.each<[RollResult, boolean, boolean]>([
    ["converged", false, true],
    ["rolled back", true, true],
    ["rollback failed", true, true],
    ["superseded", false, true],
    ["skipped", false, false],
    ["stalled", true, true],
    ["refused", true, true],
  ])("of %s is somebody's trouble: %s, and a part of the history: %s", (result, trouble, history) => {
    expect(isTrouble({ outcome: result })).toBe(trouble);
    expect(isHistory({ outcome: result, service: "web" })).toBe(history);
  });

  it("of no service is no part of any history", () => {
    expect(isHistory({ outcome: "refused", service: "" })).toBe(false);
  });
});
