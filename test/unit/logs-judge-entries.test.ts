// Which entry of the registry speaks for a file, and which process for filebeat, while things change over.

import { judge, type Sample } from "../../shared/logs/index.ts";
import { entry, file, sample, steady, withoutStats } from "./logs-samples.ts";

const kinds = (facts: Partial<Sample>) => judge(steady(facts)).files.map(({ verdict }) => verdict.kind);
const byFingerprint = (inode: number, offsetBytes: number, more = {}) =>
  entry(inode, offsetBytes, {
    key: "filestream::hive::fingerprint::ff",
    identity: { kind: "fingerprint", fingerprint: "ff" },
    ...more,
  });

describe("a file that several entries know", () => {
  const printed = [file(1, 100, { fingerprint: "ff" })];

  it("counts by the smallest offset, in whatever order they stand", () => {
    const second = entry(1, 60, { key: "filestream::other::native::1-66305" });
    expect(kinds({ entries: [entry(1, 100), second] })).toEqual(["pending"]);
    expect(kinds({ entries: [second, entry(1, 100)] })).toEqual(["pending"]);
  });

  it.each([
    ["is behind", 50, 100, "pending"],
    ["is complete", 100, 50, "shipped"],
  ])("counts by its fingerprint before its inode: it %s there", (_what, fingerprint, native, kind) => {
    const entries = [entry(1, native), byFingerprint(1, fingerprint)];
    expect(kinds({ files: printed, entries })).toEqual([kind]);
    expect(kinds({ files: printed, entries: entries.toReversed() })).toEqual([kind]);
  });

  it("counts by a filestream's entry before a log input's, even where that has its fingerprint", () => {
    const entries = [byFingerprint(1, 50, { input: "log" }), entry(1, 100)];
    expect(kinds({ files: printed, entries })).toEqual(["shipped"]);
  });
});

describe("a registry that changes over to fingerprints", () => {
  const entries = [byFingerprint(1, 2000), entry(3, 30)];
  const known = [file(1, 2000, { fingerprint: "ff" }), file(3, 30)];

  it("already leaves small files alone for ever, and no others", () => {
    expect(kinds({ entries, files: [...known, file(2, 1024)] })).toEqual(["too-small", "shipped", "shipped"]);
    expect(kinds({ entries, files: [...known, file(2, 1025)] })).toEqual([
      "not-matched",
      "shipped",
      "shipped",
    ]);
  });
});

describe("filebeat", () => {
  it("is not judged where it knows files by something else", () => {
    const byPath = entry(2, 5, { identity: { kind: "other", name: "path" } });
    expect(judge(steady({ entries: [entry(1, 100), byPath] }))).toMatchObject({
      flushed: false,
      waitingHelps: false,
      filebeat: "unknown-layout",
    });
  });

  it("counts without holding its registry open only where older ones do not", () => {
    const filebeat = [{ pid: 700, startTicks: "1", holdsRegistry: false }];
    for (const layout of ["data-json", "single-file", "none"] as const)
      expect(judge(steady({ filebeat, layout })).filebeat).toBe("running");
    expect(judge(steady({ filebeat, layout: "operation-log" })).filebeat).toBe("dead");
  });

  it("is the one that holds the registry, not the first", () => {
    const other = { pid: 9, startTicks: "1", holdsRegistry: false };
    const ours = { pid: 700, startTicks: "4711", holdsRegistry: true };
    const samples = [sample(0, { filebeat: [other, ours] }), sample(10, { filebeat: [ours, other] })];
    expect(judge(samples).filebeat).toBe("running");
  });

  it("is another one with another start, though the process number is the same", () => {
    const again = [{ pid: 700, startTicks: "4712", holdsRegistry: true }];
    expect(judge([sample(0), sample(10, { filebeat: again })]).filebeat).toBe("restarted");
  });
});

describe("filebeat's numbers", () => {
  const stats = { ephemeralId: "e1", pipelineActive: 0, outputActive: 0, acked: 9, failed: 2, dropped: 1 };

  it("of what is on its way are those of the last sample", () => {
    const busy = { ...stats, pipelineActive: 3 };
    expect(judge([sample(0, { stats: busy }), sample(10, { stats })]).counters.active).toBe(0);
    expect(judge([sample(0, { stats }), sample(10, { stats: busy })]).counters.active).toBe(3);
    expect(judge([sample(0), withoutStats(sample(10))]).counters.active).toBeUndefined();
    expect(judge(steady({ stats: { ephemeralId: "e1" } })).counters.active).toBe(0);
  });

  it("of the output say what is on its way only where the pipeline's are not to be had", () => {
    // filebeat 8.1.3 after a request that was refused as a whole: for ever.
    const leaked = { ...stats, outputActive: 20 };
    expect(judge(steady({ stats: leaked }))).toMatchObject({ flushed: true, counters: { active: 0 } });
    const { pipelineActive: _, ...outputOnly } = leaked;
    expect(judge(steady({ stats: outputOnly }))).toMatchObject({ flushed: false, counters: { active: 20 } });
  });

  it("are compared over a sample in which they were not to be had", () => {
    const samples = [
      sample(0, { stats }),
      withoutStats(sample(10)),
      sample(20, { stats: { ...stats, dropped: 4 } }),
    ];
    expect(judge(samples).counters.newDropped).toBe(3);
  });

  it("that go down without a new start count for nothing", () => {
    const samples = [sample(0, { stats: { ...stats, dropped: 5 } }), sample(10, { stats })];
    expect(judge(samples).counters.newDropped).toBe(0);
  });
});
