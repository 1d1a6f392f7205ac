// When may a machine go? The verdicts on its log files and on its filebeat.

import fc from "fast-check";
import { judge, type Sample, describe as say, unshippedRanges } from "../../shared/logs/index.ts";
import { entry, file, sample, steady, withoutStats } from "./logs-samples.ts";

const verdicts = (samples: Sample[]) => judge(samples).files.map(({ verdict }) => verdict);

describe("a host is flushed", () => {
  it("when two samples a scan interval apart are complete", () => {
    expect(judge([sample(0), sample(10)])).toMatchObject({ flushed: true, reasons: [], filebeat: "running" });
  });

  it("with a last line without newline, which is reported", () => {
    const facts = { files: [file(1, 107, { fragmentBytes: 7 })] };
    const judgement = judge(steady(facts));
    expect(judgement.flushed).toBe(true);
    expect(judgement.files[0]?.verdict).toEqual({ kind: "fragment", fragmentBytes: 7 });
    expect(say(judgement)).toContain("7 bytes without a newline");
  });

  it("without HTTP, by the registry alone", () => {
    expect(judge([withoutStats(sample(0)), withoutStats(sample(10))]).flushed).toBe(true);
  });

  it("with an empty file that filebeat does not know", () => {
    expect(judge(steady({ files: [file(1, 100), file(2, 0)] })).flushed).toBe(true);
  });

  it("when complete files were left out of the answer", () => {
    const leftOut = { complete: [{ device: "66305", inode: "1", sizeBytes: 100 }], unknown: 0 };
    expect(judge(steady({ files: [], entries: [], leftOut })).flushed).toBe(true);
  });

  it("after a backlog and failures in the past were made good", () => {
    const stats = {
      ephemeralId: "e1",
      pipelineActive: 50,
      outputActive: 50,
      acked: 9,
      failed: 2,
      dropped: 1,
    };
    const calm = { ...stats, pipelineActive: 0, outputActive: 0, failed: 400 };
    const samples = [
      sample(0, { entries: [entry(1, 20)], stats }),
      sample(10, { stats: calm }),
      sample(20, { stats: calm }),
    ];
    expect(judge(samples).flushed).toBe(true);
  });
});

describe("a host is not flushed", () => {
  it.each<[string, Partial<Sample>, RegExp]>([
    ["while a task container runs", { taskContainers: [{ id: "a", name: "hive.1" }] }, /1 task containers/],
    [
      "while somebody writes",
      { writers: [{ pid: 5, command: "java", device: "66305", inode: "1", path: "/x" }] },
      /java \(5\)/,
    ],
    ["while filebeat is dead", { filebeat: [] }, /filebeat is not running/],
    [
      "while only another filebeat runs",
      { filebeat: [{ pid: 9, startTicks: "1", holdsRegistry: false }] },
      /not running/,
    ],
    ["with a registry that nobody knows", { layout: "unknown" }, /layout/],
    ["after an error", { errors: ["log.json holds a gap"] }, /a gap/],
    ["when files did not fit", { leftOut: { complete: [], unknown: 3 } }, /3 files did not fit/],
    [
      "while events are on their way",
      { stats: { ephemeralId: "e1", pipelineActive: 4, outputActive: 0 } },
      /4 events are still on their way/,
    ],
    [
      "where files are known by path",
      { entries: [entry(1, 100, { identity: { kind: "other", name: "path" } })] },
      /path, which cannot/,
    ],
  ])("%s", (_, facts, reason) => {
    const judgement = judge(steady(facts));
    expect(judgement.flushed).toBe(false);
    expect(say(judgement)).toMatch(reason);
  });

  it("when docker does not answer", () => {
    const { taskContainers: _, ...silent } = sample(10);
    expect(judge([sample(0), silent]).reasons.join()).toMatch(/docker did not say/);
  });

  it("after one look, or two too close together", () => {
    expect(judge([sample(0)]).flushed).toBe(false);
    expect(judge([sample(0), sample(9)]).flushed).toBe(false);
    expect(judge([sample(0), sample(2)], { scanIntervalSeconds: 2 }).flushed).toBe(true);
  });

  it("when only the last sample is complete", () => {
    const judgement = judge([sample(0, { entries: [entry(1, 50)] }), sample(10)]);
    expect(judgement.flushed).toBe(false);
    expect(judgement.reasons).toEqual(["it looks complete now, but not yet for a whole scan interval"]);
  });

  it("when filebeat is another process, or another run, than before", () => {
    const other = sample(10, { filebeat: [{ pid: 700, startTicks: "9999", holdsRegistry: true }] });
    const rerun = sample(10, { stats: { ephemeralId: "e2", dropped: 0 } });
    expect(judge([sample(0), other])).toMatchObject({ flushed: false, filebeat: "restarted" });
    expect(judge([sample(0), rerun])).toMatchObject({ flushed: false, filebeat: "restarted" });
  });

  it("when the output dropped events, although the registry says acknowledged; waiting will not help", () => {
    const dropped = {
      ephemeralId: "e1",
      pipelineActive: 0,
      outputActive: 0,
      acked: 9,
      failed: 2,
      dropped: 4,
    };
    const judgement = judge([sample(0), sample(10, { stats: dropped }), sample(20, { stats: dropped })]);
    expect(judgement).toMatchObject({ flushed: false, waitingHelps: false, counters: { newDropped: 3 } });
  });

  it("while events fail and are tried again", () => {
    const failing = {
      ephemeralId: "e1",
      pipelineActive: 0,
      outputActive: 0,
      acked: 9,
      failed: 5,
      dropped: 1,
    };
    expect(judge([sample(0), sample(10, { stats: failing })])).toMatchObject({
      flushed: false,
      waitingHelps: true,
      counters: { newFailed: 3 },
    });
  });
});

describe("a file", () => {
  it("with more behind its offset than the last fragment is pending", () => {
    expect(verdicts(steady({ files: [file(1, 110, { fragmentBytes: 7 })] }))).toEqual([
      { kind: "pending", backlogBytes: 10 },
    ]);
  });

  it("without an entry is pending first, and NOT MATCHED after a scan interval", () => {
    const facts = { files: [file(1, 100), file(2, 5)] };
    expect(verdicts([sample(0, facts)])[0]).toEqual({ kind: "pending", backlogBytes: 5 });
    const judgement = judge([sample(0, facts), sample(10, facts)]);
    expect(judgement.files[0]?.verdict).toEqual({ kind: "not-matched", backlogBytes: 5 });
    expect(judgement.waitingHelps).toBe(false);
    expect(say(judgement)).toContain("NOT MATCHED");
  });

  it("without an entry is only pending while filebeat is not there to find it", () => {
    const facts = { files: [file(2, 5)], filebeat: [] };
    expect(verdicts([sample(0, facts), sample(10, facts)])).toEqual([{ kind: "pending", backlogBytes: 5 }]);
  });

  it("of at most 1024 bytes never ships where files are known by fingerprint", () => {
    const known = entry(1, 2000, { identity: { kind: "fingerprint", fingerprint: "ff" } });
    const facts = { entries: [known], files: [file(1, 2000, { fingerprint: "ff" }), file(2, 1024)] };
    const judgement = judge(steady(facts));
    expect(judgement.files.map(({ verdict }) => verdict.kind)).toEqual(["too-small", "shipped"]);
    expect(judgement).toMatchObject({ flushed: false, waitingHelps: false });
  });

  it("that is shorter than its offset is unknown until the next scan", () => {
    expect(judge(steady({ files: [file(1, 99)] }))).toMatchObject({
      flushed: false,
      waitingHelps: true,
      files: [{ verdict: { kind: "truncated", offsetBytes: 100 } }],
    });
  });

  it("that had a backlog and is gone is lost", () => {
    const judgement = judge([sample(0, { entries: [entry(1, 40)] }), sample(10, { files: [], entries: [] })]);
    expect(judgement.files[0]?.verdict).toEqual({ kind: "lost", backlogBytes: 60 });
    expect(judgement).toMatchObject({ flushed: false, waitingHelps: false });
    expect(unshippedRanges(judgement)).toEqual([]);
  });

  it("that had a backlog and is gone is not lost when its entry shows that it was shipped meanwhile", () => {
    expect(verdicts([sample(0, { entries: [entry(1, 40)] }), sample(10, { files: [] })])).toEqual([]);
  });

  it("whose offset stands still over four samples is blocked; one that moves slowly is pending", () => {
    const stuck = [0, 5, 10, 15].map((at) => sample(at, { entries: [entry(1, 40)] }));
    const slow = [0, 5, 10, 15].map((at) => sample(at, { entries: [entry(1, 40 + at)] }));
    expect(verdicts(stuck)).toEqual([{ kind: "blocked", backlogBytes: 60 }]);
    expect(verdicts(slow)).toEqual([{ kind: "pending", backlogBytes: 45 }]);
  });

  it("that was renamed or deleted goes on by inode; a path alone says nothing", () => {
    const gone = file(1, 100, { path: "/var/log/hive/c/old.log", matchedByGlob: false, deleted: true });
    expect(judge(steady({ files: [gone] })).flushed).toBe(true);
    const reborn = file(2, 100, { path: "/var/log/hive/c/1.log" });
    expect(judge(steady({ files: [reborn] })).files[0]?.verdict.kind).toBe("not-matched");
  });

  describe("that left the globs while filebeat had it open", () => {
    const stats = { ephemeralId: "e1", pipelineActive: 0, outputActive: 0, acked: 9, failed: 2, dropped: 1 };
    const left = { matchedByGlob: false, deleted: true, readToEnd: true, fragmentBytes: 0 };
    const of = (more: Partial<Parameters<typeof file>[2]>, others: Partial<Sample> = {}) =>
      judge(
        steady({ files: [file(1, 100, { ...left, ...more })], entries: [entry(1, 40)], stats, ...others }),
      );

    it("is shipped when it is read to its end and nothing is on its way: its entry is no longer written", () => {
      expect(of({})).toMatchObject({ flushed: true, files: [{ offsetBytes: 100 }] });
      expect(of({ deleted: false })).toMatchObject({ flushed: true });
      expect(of({}, { entries: [] })).toMatchObject({ flushed: true });
    });

    it("has its last line without a newline reported", () => {
      const verdict = { kind: "fragment", fragmentBytes: 7 };
      expect(of({ fragmentBytes: 7 })).toMatchObject({
        flushed: true,
        files: [{ offsetBytes: 93, verdict }],
      });
    });

    it.each<[string, ReturnType<typeof of>]>([
      ["it is not read to its end", of({ readToEnd: false })],
      ["events are on their way", of({}, { stats: { ...stats, pipelineActive: 1 } })],
      [
        "filebeat tells no numbers",
        judge(
          steady({}).map((one) =>
            withoutStats({ ...one, files: [file(1, 100, left)], entries: [entry(1, 40)] }),
          ),
        ),
      ],
      [
        "its last line may be of any length",
        judge(
          steady({
            files: [file(1, 100, { matchedByGlob: false, readToEnd: true })],
            entries: [entry(1, 40)],
          }),
        ),
      ],
      ["it is still in the globs, where the registry's word counts", of({ matchedByGlob: true })],
    ])("is not, as long as %s", (_, judgement) => {
      expect(judgement).toMatchObject({
        flushed: false,
        files: [{ offsetBytes: 40, verdict: { kind: "pending" } }],
      });
    });

    it("is not by one look alone: what was read last may not have been counted yet", () => {
      const one = { files: [file(1, 100, left)], entries: [entry(1, 40)] };
      const before = { ...one, files: [file(1, 100, { ...left, readToEnd: false })] };
      expect(judge([sample(0, before), sample(10, one)]).flushed).toBe(false);
    });
  });

  it("known to several entries counts by the living input, there by the smallest offset", () => {
    const legacy = entry(1, 3, { input: "log", key: "filebeat::logs::native::1-66305" });
    expect(judge(steady({ entries: [legacy, entry(1, 100)] })).flushed).toBe(true);
    const second = entry(1, 60, { key: "filestream::other::native::1-66305" });
    expect(verdicts(steady({ entries: [entry(1, 100), second] }))).toEqual([
      { kind: "pending", backlogBytes: 40 },
    ]);
  });
});

describe("the ranges to rescue", () => {
  it("are what follows each offset, fragments too, and all of a truncated file", () => {
    const facts = {
      files: [file(1, 150), file(2, 30, { fragmentBytes: 30, deleted: true }), file(3, 10), file(4, 8)],
      entries: [entry(1, 100), entry(2, 0), entry(3, 10), entry(4, 9)],
    };
    const ranges = unshippedRanges(judge(steady(facts))).map(({ inode, offset, size, deleted }) => [
      inode,
      offset,
      size,
      deleted,
    ]);
    expect(ranges).toEqual([
      ["4", 0, 8, false],
      ["1", 100, 150, false],
      ["2", 0, 30, true],
    ]);
  });
});

describe("whatever the facts are", () => {
  const facts = fc.uniqueArray(
    fc.record({
      inode: fc.integer({ min: 1, max: 30 }),
      size: fc.nat(3000),
      offset: fc.option(fc.nat(3000)),
      fragment: fc.option(fc.nat(40)),
      matched: fc.boolean(),
    }),
    { selector: ({ inode }) => inode, maxLength: 8 },
  );
  type Facts = Parameters<Parameters<(typeof facts)["map"]>[0]>[0];
  const parts = (list: Facts): Pick<Sample, "files" | "entries"> => ({
    files: list.map(({ inode, size, fragment, matched }) =>
      file(inode, size, {
        matchedByGlob: matched,
        ...(fragment === null ? {} : { fragmentBytes: fragment }),
      }),
    ),
    entries: list.flatMap(({ inode, offset }) => (offset === null ? [] : [entry(inode, offset)])),
  });

  it("flushed means that nothing but a last fragment lies behind any offset", () => {
    fc.assert(
      fc.property(facts, facts, (before, after) => {
        const judgement = judge([sample(0, parts(before)), sample(10, parts(after))]);
        const complete = [before, after].every((list) =>
          list.every(({ size, offset, fragment }) => {
            const behind = size - (offset ?? 0);
            return behind === 0 || (behind > 0 && offset !== null && behind <= (fragment ?? 0));
          }),
        );
        if (judgement.flushed) expect(complete).toBe(true);
        // And the other way round, unless a file went missing between the samples.
        const same = before.every(({ inode }) => after.some((file) => file.inode === inode));
        if (complete && same) expect(judgement.flushed).toBe(true);
      }),
    );
  });

  it("the order of files and entries changes nothing", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (list, seed) => {
        const { files, entries } = parts(list);
        const turned = <T>(items: readonly T[]): T[] => {
          const at = items.length === 0 ? 0 : seed % items.length;
          return [...items.slice(at), ...items.slice(0, at)].reverse();
        };
        expect(judge(steady({ files: turned(files), entries: turned(entries) }))).toEqual(
          judge(steady({ files, entries })),
        );
      }),
    );
  });

  it("every byte behind an offset of a present file is in the ranges, once", () => {
    fc.assert(
      fc.property(facts, (list) => {
        const ranges = unshippedRanges(judge(steady(parts(list))));
        const bytes = (inode: number): number =>
          ranges
            .filter((range) => range.inode === String(inode))
            .reduce((sum, { offset, size }) => sum + size - offset, 0);
        for (const { inode, size, offset } of list) {
          const behind = size - (offset ?? 0);
          expect(bytes(inode)).toBe(behind >= 0 ? behind : size);
        }
      }),
    );
  });

  it("description and judgement agree", () => {
    fc.assert(
      fc.property(facts, (list) => {
        const judgement = judge(steady(parts(list)));
        expect(say(judgement).startsWith("Flushed")).toBe(judgement.flushed);
        expect(say(judgement)).not.toContain("\n");
      }),
    );
  });
});
