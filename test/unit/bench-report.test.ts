// The benchmark's report: ratios of medians, step beside step, aims met or missed.
import type { HandMeasured } from "../../bench/by-hand.ts";
import type { Lives } from "../../bench/lives.ts";
import type { FlowMeasured } from "../../bench/operator.ts";
import { present } from "../../bench/present.ts";
import { type BenchReport, type HooksReport, type Measurements, reportOf } from "../../bench/report.ts";

const flow = (seconds: number, more: Partial<FlowMeasured> = {}): FlowMeasured => ({
  flow: "retire-i-0a-0",
  seconds,
  shares: [
    { name: "look", seconds: 0.5, documents: [], scriptSeconds: 0 },
    { name: "host reachable", seconds: 0.5, documents: [], scriptSeconds: 0 },
    { name: "drain node", seconds: seconds - 1, documents: ["drain-node"], scriptSeconds: 0.5 },
    { name: "complete CONTINUE", seconds: 0, documents: [], scriptSeconds: 0 },
  ],
  managerCommands: 1,
  hostCommands: 2,
  calls: { total: 3, byOperation: { "ssm SendCommand": 3 }, checkpoints: 4, byHosts: 5 },
  operations: 6,
  invocations: 7,
  billedSeconds: 8,
  lightInvocations: [20, 40],
  sent: [],
  logSamples: 1,
  ...more,
});

const hand = (seconds: number): HandMeasured => ({
  seconds,
  shares: [
    { name: "reachable", seconds: 0.2 },
    { name: "drain-node", seconds: seconds - 0.3 },
    { name: "complete", seconds: 0.1 },
  ],
  logSamples: 2,
});

const spread = (median: number) => ({ median, min: median, max: median });

const measurements = (more: Partial<Lives> = {}): Measurements => ({
  hooks: {
    lives: {
      first: { join: flow(9, { managerCommands: 2 }), retire: flow(9) },
      operator: [3, 9, 4].map((seconds) => ({
        join: flow(seconds),
        retire: flow(2 * seconds, { managerCommands: 3 }),
      })),
      byHand: [2, 2, 5].map((seconds) => ({ join: hand(seconds), retire: hand(seconds) })),
      ...more,
    },
    longRetire: { seconds: 605, operations: 150, invocations: 100, awsCalls: 260, pausedSeconds: 30 },
  },
  functions: { dispatch: { bytes: 512_000, startup: spread(90), emptyStartup: spread(10) } },
});

const about = {
  at: "2026-01-01T00:00:00.000Z",
  seconds: 240,
  repetitions: 3,
  machine: {
    processor: "a processor",
    processors: 2,
    memoryGibibytes: 24,
    loadAverage: { before: 0, after: 1 },
  },
  versions: { node: "v24.0.0" },
};

describe("the report", () => {
  const report = reportOf(measurements(), about) as BenchReport & HooksReport;

  it("has the median of the flows over the median by hand, and how far they lie apart", () => {
    expect(report.join).toMatchObject({
      ratio: 2,
      seconds: 4,
      byHandSeconds: 2,
      spread: {
        seconds: { median: 4, min: 3, max: 9 },
        byHandSeconds: { median: 2, min: 2, max: 5 },
      },
    });
    expect(report.retire.ratio).toBe(4);
  });

  it("has what a flow costs, with the very first join apart", () => {
    expect(report.join).toMatchObject({
      managerCommands: 1,
      hostCommands: 2,
      awsCalls: 3,
      awsCallsByOperation: { "ssm SendCommand": 3 },
      checkpoints: 4,
      hostAwsCalls: 5,
      operations: 6,
      invocations: 7,
      billedSeconds: 8,
    });
    expect(report.firstJoin).toEqual({ seconds: 9, managerCommands: 2 });
  });

  it("adds to the long retirement's pauses what each of its invocations takes on the real sandbox", () => {
    // 100 invocations of 30 ms.
    expect(report.retire.billedSecondsOfTenMinutes).toBe(33);
  });

  it("tells how often the logs had to be sampled, so that unlike retirements are not compared unseen", () => {
    expect(report.retire.logSamples).toEqual({ operator: [1, 1, 1], byHand: [2, 2, 2] });
    expect(present(report).join("\n")).toContain("by the operator: 1 1 1; by hand: 2 2 2");
  });

  it("has the scripts by hand beside the steps that ran the same documents", () => {
    expect(report.join.steps).toEqual([
      { name: "look", documents: [], seconds: 0.5, scriptSeconds: 0, byHandSeconds: 0 },
      { name: "host reachable", documents: [], seconds: 0.5, scriptSeconds: 0, byHandSeconds: 0.2 },
      {
        name: "drain node",
        documents: ["drain-node"],
        seconds: 3,
        scriptSeconds: 0.5,
        byHandSeconds: 1.7,
      },
      { name: "complete CONTINUE", documents: [], seconds: 0, scriptSeconds: 0, byHandSeconds: 0.1 },
    ]);
  });

  it("says of each aim whether it is met", () => {
    const met = Object.fromEntries(report.aims.map((aim) => [aim.what, aim.met]));
    expect(met).toEqual({
      "join over by hand": false,
      "retire over by hand": false,
      "manager commands per join": true,
      "manager commands per retire": false,
      "bundle of dispatch": true,
      "start of dispatch over an empty bundle": false,
    });
  });

  it("is plain JSON, and reads well", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const text = present(report).join("\n");
    expect(text).toMatch(/^join +4\.00 +3\.00 – 9\.00 +2\.00 +2\.00 – 5\.00 +2\.00$/m);
    expect(text).toMatch(/^drain node +drain-node +3\.00 +0\.50 +1\.70$/m);
    expect(text).toMatch(/^look +0\.50$/m);
    expect(text).toMatch(/^dispatch +500\.0 +90 +10 +9\.00$/m);
    expect(text).toMatch(/^bundle of dispatch +500 KiB +500 KiB +met$/m);
    expect(text).toMatch(/^manager commands per retire +2 +3 +MISSED$/m);
  });

  it("has the parts alone that were measured, and their aims", () => {
    const { functions = {} } = measurements();
    const part = reportOf({ functions }, about);
    expect(part).not.toHaveProperty("join");
    expect(part.aims.map(({ what }) => what)).toEqual([
      "bundle of dispatch",
      "start of dispatch over an empty bundle",
    ]);
    expect(present(part)).toHaveLength(3);
    expect(present(reportOf({}, about))).toHaveLength(1);
  });

  it("cannot be made of nothing", () => {
    expect(() => reportOf(measurements({ operator: [] }), about)).toThrow(RangeError);
  });
});
