// What a person is told of a host's logs: each reason in its words, the gravest first, and no more than can be read.

import { judge, type Sample, describe as say } from "../../shared/logs/index.ts";
import { entry, file, sample, steady } from "./logs-samples.ts";

const reasons = (facts: Partial<Sample>) => judge(steady(facts)).reasons;
const calm = { ephemeralId: "e1", pipelineActive: 0, outputActive: 0, acked: 9, failed: 2, dropped: 1 };
const { pipelineActive: _, ...outputOnly } = { ...calm, outputActive: 1 };
const later = (...stats: Partial<typeof calm>[]) =>
  judge(stats.map((more, index) => sample(index * 10, { stats: { ...calm, ...more } }))).reasons;

describe("the reasons", () => {
  it.each<[string, Partial<Sample>, string]>([
    [
      "an unknown layout",
      { layout: "unknown" },
      "filebeat's registry has a layout that is not known: it is not judged",
    ],
    ["a dead filebeat", { filebeat: [] }, "filebeat is not running"],
    ["an error of the script", { errors: ["log.json holds a gap"] }, "log.json holds a gap"],
    ["files left out", { leftOut: { complete: [], unknown: 3 } }, "3 files did not fit into the answer"],
    ["task containers", { taskContainers: [{ id: "a", name: "hive.1" }] }, "1 task containers still run"],
    [
      "writers",
      {
        writers: [
          { pid: 5, command: "java", device: "66305", inode: "1", path: "/x" },
          { pid: 6, command: "tail", device: "66305", inode: "1", path: "/x" },
        ],
      },
      "still written by java (5), tail (6)",
    ],
    [
      "two filebeats at one registry",
      {
        filebeat: [
          { pid: 700, startTicks: "1", holdsRegistry: true },
          { pid: 701, startTicks: "2", holdsRegistry: true },
        ],
      },
      "several filebeat processes hold this registry open",
    ],
    [
      "a truncated file",
      { files: [file(1, 99)] },
      "1 file truncated or another file's inode (0 bytes): /var/log/hive/c/1.log",
    ],
    ["a pending file", { entries: [entry(1, 90)] }, "1 file pending (10 bytes): /var/log/hive/c/1.log"],
    [
      "a file without an entry",
      { files: [file(1, 100), file(2, 5)] },
      "1 file NOT MATCHED by filebeat's configuration (5 bytes): /var/log/hive/c/2.log",
    ],
    [
      "a file too small",
      {
        files: [file(1, 2000, { fingerprint: "ff" }), file(2, 5)],
        entries: [entry(1, 2000, { identity: { kind: "fingerprint", fingerprint: "ff" } })],
      },
      "1 file too small for a fingerprint: filebeat never starts on them (5 bytes): /var/log/hive/c/2.log",
    ],
  ])("name %s", (_what, facts, reason) => {
    expect(reasons(facts)).toEqual([reason]);
  });

  it("name at most three files, and count the rest and all bytes", () => {
    const files = [1, 2, 3, 4, 5].map((inode) => file(inode, 100));
    const entries = [1, 2, 3, 4, 5].map((inode) => entry(inode, 90));
    const path = (inode: number) => `/var/log/hive/c/${inode}.log`;
    expect(reasons({ files, entries })).toEqual([
      `5 files pending (50 bytes): ${path(1)}, ${path(2)}, ${path(3)}, and 2 more`,
    ]);
    expect(reasons({ files: files.slice(0, 3), entries })).toEqual([
      `3 files pending (30 bytes): ${path(1)}, ${path(2)}, ${path(3)}`,
    ]);
  });

  it("name a file that is lost, and one that is blocked", () => {
    const lost = judge([sample(0, { entries: [entry(1, 40)] }), sample(10, { files: [], entries: [] })]);
    expect(lost.reasons).toEqual([
      "1 file lost: gone with lines that were never acknowledged (60 bytes): /var/log/hive/c/1.log",
    ]);
    const stuck = [0, 10, 20, 30].map((at) => sample(at, { entries: [entry(1, 40)] }));
    expect(judge(stuck).reasons).toEqual([
      "1 file blocked: the backlog does not shrink (60 bytes): /var/log/hive/c/1.log",
    ]);
  });

  it("name what filebeat counts: on the way, failed, dropped", () => {
    // What the output counts is too high for ever after a refused request (filebeat 8.1.3): the pipeline's number counts.
    expect(later({}, { pipelineActive: 3, outputActive: 4 })).toEqual(["3 events are still on their way"]);
    expect(later({}, { outputActive: 4 })).toEqual([]);
    expect(later({}, { pipelineActive: 3 })).toEqual(["3 events are still on their way"]);
    expect(later({}, { failed: 5 })).toEqual(["3 events failed and are tried again"]);
    expect(later({}, { dropped: 2 })).toEqual(["1 events were dropped by filebeat's output"]);
    expect(later({}, { dropped: 2 }, { dropped: 4 }, { dropped: 4 })).toEqual([
      "3 events were dropped by filebeat's output",
    ]);
    expect(later({}, {})).toEqual([]);
  });

  it("count a filebeat that was started anew from nothing", () => {
    expect(
      later({ dropped: 5 }, { ephemeralId: "e2", dropped: 2 }, { ephemeralId: "e2", dropped: 2 }),
    ).toEqual(["2 events were dropped by filebeat's output"]);
    expect(
      later({ dropped: 5 }, { ephemeralId: "e2", dropped: 0 }, { ephemeralId: "e2", dropped: 0 }),
    ).toEqual([]);
  });

  it("name a restart, a silent docker, and that one look proves nothing", () => {
    expect(later({}, { ephemeralId: "e2", failed: 0, dropped: 0 })).toEqual([
      "filebeat was restarted between the samples",
    ]);
    const { taskContainers: _, ...silent } = sample(10);
    expect(judge([sample(0), silent]).reasons).toEqual(["docker did not say which task containers run"]);
    expect(judge([sample(0)]).reasons).toEqual([
      "no earlier sample is 10 seconds old: one look proves nothing",
    ]);
    expect(judge([sample(0), sample(10)], { scanIntervalSeconds: 11 }).reasons).toEqual([
      "no earlier sample is 11 seconds old: one look proves nothing",
    ]);
  });

  it.each<[string, Partial<Sample>]>([
    ["a task container ran", { taskContainers: [{ id: "a", name: "hive.1" }] }],
    ["somebody wrote", { writers: [{ pid: 5, command: "java", device: "1", inode: "1", path: "/x" }] }],
    ["an error stood", { errors: ["a gap"] }],
    ["files did not fit", { leftOut: { complete: [], unknown: 1 } }],
    ["a pipeline was busy", { stats: { ...calm, pipelineActive: 1 } }],
    ["an output was busy and the pipeline untold", { stats: outputOnly }],
    ["a file was behind", { entries: [entry(1, 99)] }],
    ["the layout was not known", { layout: "unknown" }],
  ])("say of a host that is clean now that it was not yet when %s", (_what, facts) => {
    expect(judge([sample(0, facts), sample(10)]).reasons).toEqual([
      "it looks complete now, but not yet for a whole scan interval",
    ]);
  });

  it("are not about what was before the window: only what lies within a scan interval counts", () => {
    const busy = { taskContainers: [{ id: "a", name: "hive.1" }] };
    expect(judge([sample(0, busy), sample(10), sample(20)]).reasons).toEqual([]);
    expect(judge([sample(0), sample(10, busy), sample(20)]).flushed).toBe(false);
  });
});

describe("the description", () => {
  it("of a flushed host counts its files", () => {
    expect(say(judge(steady({})))).toBe("Flushed: filebeat shipped all of 1 file.");
    const two = { files: [file(1, 100), file(2, 50)], entries: [entry(1, 100), entry(2, 50)] };
    expect(say(judge(steady(two)))).toBe("Flushed: filebeat shipped all of 2 files.");
  });

  it("adds the last lines without newline up", () => {
    const files = [file(1, 107, { fragmentBytes: 7 }), file(2, 55, { fragmentBytes: 5 })];
    expect(say(judge(steady({ files, entries: [entry(1, 100), entry(2, 50)] })))).toBe(
      "Flushed: filebeat shipped all of 2 files, but for 12 bytes without a newline at the end of 2 files.",
    );
  });

  it("of a host that is not flushed says why, and whether waiting helps", () => {
    expect(say(judge(steady({ entries: [entry(1, 90)] })))).toBe(
      "NOT flushed: 1 file pending (10 bytes): /var/log/hive/c/1.log.",
    );
    expect(say(judge(steady({ layout: "unknown", errors: ["a gap"] })))).toBe(
      "NOT flushed: filebeat's registry has a layout that is not known: it is not judged; a gap. Waiting will not help.",
    );
  });
});

describe("waiting", () => {
  const fingerprinted = {
    files: [file(1, 2000, { fingerprint: "ff" }), file(2, 5)],
    entries: [entry(1, 2000, { identity: { kind: "fingerprint", fingerprint: "ff" } })],
  };
  it.each<[string, Partial<Sample>, boolean]>([
    ["is vain for a file too small", fingerprinted, false],
    [
      "helps a file too small that still grows",
      { ...fingerprinted, taskContainers: [{ id: "a", name: "hive.1" }] },
      true,
    ],
    [
      "helps one that is still written",
      { ...fingerprinted, writers: [{ pid: 5, command: "java", device: "1", inode: "2", path: "/x" }] },
      true,
    ],
    ["is vain for a file that is not matched", { files: [file(1, 100), file(2, 5)] }, false],
    ["helps a file that is pending", { entries: [entry(1, 90)] }, true],
    ["helps while filebeat is dead, since somebody may start it", { filebeat: [] }, true],
    ["is vain with an unknown layout", { layout: "unknown" }, false],
  ])("%s", (_what, facts, helps) => {
    expect(judge(steady(facts)).waitingHelps).toBe(helps);
  });
});
