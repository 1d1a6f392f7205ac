// What documents/log-state.sh prints, read back: each kind of line, and every way in which an answer can be damaged.

import { gzipSync } from "node:zlib";
import { LogStateError, parseLogState } from "../../shared/logs/parse-log-state.ts";

const lines = (...rows: (string | number)[][]): string => rows.map((row) => `${row.join("\t")}\n`).join("");

const printed = (facts: string, summary: Record<string, unknown> = {}): string => {
  const packed = gzipSync(facts).toString("base64");
  const samples = facts.split("\n").filter((line) => line.startsWith("T\t")).length;
  const head = {
    schema: 1,
    taskContainers: 0,
    truncated: false,
    samples,
    factsLength: packed.length,
    ...summary,
  };
  return `${JSON.stringify(head)}\n${packed}\n`;
};

const sampleOf = (...rows: (string | number)[][]) => {
  const [sample] = parseLogState(printed(lines(["T", 1_780_000_000], ...rows))).samples;
  if (sample === undefined) throw new Error("there is no sample");
  return sample;
};

/** The reason why the facts could not be read. */
const reasonOf = (...rows: (string | number)[][]): string => {
  try {
    parseLogState(printed(lines(...rows)));
  } catch (error) {
    if (error instanceof LogStateError && error.cause instanceof Error) return error.cause.message;
  }
  throw new Error("was read");
};

const entryLine =
  '{"k":"filestream::hive::native::7-66305","v":{"cursor":{"offset":5},"meta":{"source":"/x"}}}';

describe("a sample", () => {
  it("of which only the time is known says nothing of anything else", () => {
    expect(sampleOf()).toEqual({
      takenAtSeconds: 1_780_000_000,
      writers: [],
      filebeat: [],
      files: [],
      layout: "unknown",
      checkpoint: "0",
      entries: [],
      errors: [],
      leftOut: { complete: [], unknown: 0 },
    });
  });

  it("knows no containers, or names them, but only when docker answered", () => {
    expect(sampleOf(["D"]).taskContainers).toEqual([]);
    expect(sampleOf(["D"], ["C", "0123456789ab", "hive.1%20x"]).taskContainers).toEqual([
      { id: "0123456789ab", name: "hive.1 x" },
    ]);
    expect(sampleOf(["C", "0123456789ab", "hive.1"])).not.toHaveProperty("taskContainers");
  });

  it("names writers and processes of filebeat", () => {
    expect(sampleOf(["W", 5, "66305", "7", "ja%76a", "/var/a%0Ab.log"]).writers).toEqual([
      { pid: 5, device: "66305", inode: "7", command: "java", path: "/var/a\nb.log" },
    ]);
    expect(sampleOf(["P", 700, "4711", 1], ["P", 701, "4712", 0]).filebeat).toEqual([
      { pid: 700, startTicks: "4711", holdsRegistry: true },
      { pid: 701, startTicks: "4712", holdsRegistry: false },
    ]);
  });

  it("has of each file its flags, and fragment and fingerprint where they are known", () => {
    const bare = {
      path: "/a",
      encodedPath: "/a",
      device: "66305",
      inode: "7",
      sizeBytes: 10,
      deleted: false,
      matchedByGlob: false,
      openInFilebeat: false,
      readToEnd: false,
    };
    const of = (flags: string, fragment: string, fingerprint: string) =>
      sampleOf(["F", "66305", "7", 10, flags, fragment, fingerprint, "/a"]).files;
    expect(of("-", "-", "-")).toEqual([bare]);
    expect(of("g", "-", "-")).toEqual([{ ...bare, matchedByGlob: true }]);
    expect(of("o", "0", "-")).toEqual([{ ...bare, openInFilebeat: true, fragmentBytes: 0 }]);
    expect(of("odr", "-", "-")).toEqual([{ ...bare, openInFilebeat: true, deleted: true, readToEnd: true }]);
    expect(of("gd", "3", "ff")).toEqual([
      { ...bare, deleted: true, matchedByGlob: true, fragmentBytes: 3, fingerprint: "ff" },
    ]);
  });

  it("has a path both as it is and as it reads, byte by byte", () => {
    const [file] = sampleOf(["F", "1", "7", 10, "-", "-", "-", "/%C3%BC%FF%zz"]).files;
    expect(file).toMatchObject({ path: "/ü\uFFFD%zz", encodedPath: "/%C3%BC%FF%zz" });
  });

  it.each(["operation-log", "data-json", "single-file", "none"])("knows the layout %s", (layout) => {
    expect(sampleOf(["L", layout, "17"])).toMatchObject({ layout, checkpoint: "17" });
  });

  it("knows no layout that it has not heard of", () => {
    expect(sampleOf(["L", "sqlite", "1"]).layout).toBe("unknown");
  });

  it("reads entries, and reports those that it cannot read, shortened, without losing the others", () => {
    const damaged = `{"k":${"x".repeat(300)}`;
    const { entries, errors } = sampleOf(["E", damaged], ["E", entryLine]);
    expect(entries).toMatchObject([{ identity: { kind: "native", inode: "7" }, offsetBytes: 5 }]);
    expect(errors).toEqual([`registry entry not understood: ${damaged.slice(0, 198)}`]);
  });

  it("has of filebeat's numbers those that matter", () => {
    const names = {
      "libbeat.pipeline.events.active": "pipelineActive",
      "libbeat.output.events.active": "outputActive",
      "libbeat.output.events.acked": "acked",
      "libbeat.output.events.failed": "failed",
      "libbeat.output.events.dropped": "dropped",
      "filebeat.harvester.open_files": "openFiles",
      "filebeat.harvester.running": "runningHarvesters",
    };
    for (const [member, property] of Object.entries(names))
      expect(sampleOf(["S", member, 3]).stats).toEqual({ [property]: 3 });
    expect(sampleOf(["S", "libbeat.output.events.active", -1]).stats).toEqual({ outputActive: 0 });
    expect(() => sampleOf(["S", "libbeat.output.events.active", "-"])).toThrow(LogStateError);
    expect(sampleOf(["S", "beat.info.ephemeral_id", "e1"]).stats).toEqual({ ephemeralId: "e1" });
    expect(sampleOf(["S", "system.cpu.cores", "two"]).stats).toEqual({});
    expect(sampleOf()).not.toHaveProperty("stats");
  });

  it("names what was left out, and what went wrong", () => {
    expect(sampleOf(["K", "1", "7", 10], ["U", 3], ["X", "log.json holds a%20gap"])).toMatchObject({
      leftOut: { complete: [{ device: "1", inode: "7", sizeBytes: 10 }], unknown: 3 },
      errors: ["log.json holds a gap"],
    });
  });
});

describe("a second sample", () => {
  it("repeats lines of the first by their numbers", () => {
    const facts = lines(
      ["T", 10],
      ["D"],
      ["L", "operation-log", "1"],
      ["X", "one"],
      ["X", "two"],
      ["T", 20],
      ["=2,3"],
      ["X", "three"],
      ["T", 30],
      ["=1,1"],
    );
    const { samples } = parseLogState(printed(facts));
    expect(samples.map(({ takenAtSeconds, errors, layout }) => [takenAtSeconds, layout, errors])).toEqual([
      [10, "operation-log", ["one", "two"]],
      [20, "operation-log", ["one", "three"]],
      [30, "unknown", []],
    ]);
    expect(samples.map((sample) => sample.taskContainers)).toEqual([[], undefined, []]);
  });
});

describe("facts that are damaged", () => {
  it.each<[string, (string | number)[][], RegExp]>([
    ["do not begin with a time", [["D"]], /must begin with its time, not with "D"/],
    ["begin with a repetition", [["=1,2"]], /must begin with its time/],
    [
      "hold an unknown line",
      [
        ["T", 1],
        ["Z", "x"],
      ],
      /No such fact: "Z\\tx"/,
    ],
    ["hold a repetition with more", [["T", 1], ["=1,2x"]], /No such fact: "=1,2x"/],
    ["hold a repetition after more", [["T", 1], ["x=1,2"]], /No such fact: "x=1,2"/],
    [
      "lack a field",
      [
        ["T", 1],
        ["C", "0123"],
      ],
      /Field 2 is missing in "C\\t0123"/,
    ],
    [
      "have a file with a field too few",
      [
        ["T", 1],
        ["F", 1, 2, 3, "-", "-", "-"],
      ],
      /7 fields, not 6/,
    ],
    [
      "have a file with a field too many",
      [
        ["T", 1],
        ["F", 1, 2, 3, "-", "-", "-", "/", ""],
      ],
      /7 fields, not 8/,
    ],
    ["have a number that is none", [["T", "1x"]], /"1x" is not a whole number/],
    ["have a negative number", [["T", "-1"]], /"-1" is not a whole number/],
    ["have no number", [["T", ""]], /"" is not a whole number/],
    ["have a number beyond measure", [["T", "1".repeat(17)]], /is not a whole number/],
  ])("because they %s are refused", (_what, rows, reason) => {
    expect(reasonOf(...rows)).toMatch(reason);
  });

  it("are quoted, but no more than their beginning", () => {
    expect(reasonOf(["T", 1], ["Z".repeat(1_000)])).toBe(`No such fact: "${"Z".repeat(120)}"`);
  });
});

describe("an answer", () => {
  const facts = lines(["T", 1]);

  it("has the number of task containers where docker said it, and says whether files were left out", () => {
    expect(parseLogState(printed(facts, { taskContainers: 2, truncated: true }))).toMatchObject({
      schema: 1,
      taskContainers: 2,
      truncated: true,
    });
    expect(parseLogState(printed(facts, { taskContainers: null }))).not.toHaveProperty("taskContainers");
  });

  it("that was cut is told by its length", () => {
    const whole = printed(facts);
    const cut = () => parseLogState(whole.slice(0, -5));
    expect(cut).toThrow(LogStateError);
    expect(cut).toThrow(/facts of log-state are \d+ characters long, not \d+: standard output was cut/);
    expect(() => parseLogState(whole.split("\n")[0] ?? "")).toThrow(/are 0 characters long/);
  });

  it("with fewer samples than announced, or with facts that cannot be unpacked, names the cause", () => {
    const wrong = (stdout: string) => {
      try {
        return parseLogState(stdout);
      } catch (error) {
        return error as Error;
      }
    };
    const fewer = wrong(printed(facts, { samples: 2 }));
    expect(fewer).toMatchObject({
      name: "LogStateError",
      message: "The facts of log-state could not be read",
    });
    expect((fewer as Error).cause).toMatchObject({ message: "2 samples were announced, 1 came" });
    expect(
      wrong(
        `${JSON.stringify({ schema: 1, taskContainers: 0, truncated: false, samples: 1, factsLength: 4 })}\nabcd`,
      ),
    ).toMatchObject({ message: "The facts of log-state could not be read", cause: { code: "Z_DATA_ERROR" } });
  });

  it.each([
    "",
    "not json",
    "{}",
    "7",
    '{"schema":2,"taskContainers":0,"truncated":false,"samples":1,"factsLength":0}',
  ])("%j is none, and is shown", (stdout) => {
    const read = () => parseLogState(stdout);
    expect(read).toThrow(LogStateError);
    expect(read).toThrow(`summary of schema 1 but with ${JSON.stringify(stdout)}`);
  });

  it("that is none is shown up to its 200th character, and its cause is kept", () => {
    const read = () => parseLogState("x".repeat(1_000));
    expect(read).toThrow(`"${"x".repeat(200)}"`);
    expect(read).toThrow(expect.objectContaining({ cause: expect.any(Error) }));
  });
});
