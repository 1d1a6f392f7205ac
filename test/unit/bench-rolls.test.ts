// The benchmark's report of rolls: over a bare update from each moment from which a roll can be counted.
import type { FlowMeasured } from "../../bench/operator.ts";
import { presentRolls } from "../../bench/present-rolls.ts";
import { reportOf } from "../../bench/report.ts";
import { rollReport, secondsSince } from "../../bench/roll-report.ts";
import type { OperatorRoll, Rolls } from "../../bench/rolls.ts";

const share = (name: string, seconds: number, documents: string[] = []) => ({
  name,
  seconds,
  documents,
  scriptSeconds: documents.length * 0.25,
});

const flow = (watched: number): FlowMeasured => ({
  flow: "roll-hive-web-0123456789abcdef-0",
  seconds: 10 + watched,
  shares: [
    share("event → flow", 1),
    share("resolve image", 5),
    share("hosts hold image", 1, ["hold-images"]),
    share("begin roll", 1, ["update-service"]),
    share("watch tasks", watched - 1, ["watch-service"]),
    share("watch tasks", 1, ["watch-service"]),
    share("end roll", 2, ["update-service"]),
  ],
  managerCommands: 4,
  hostCommands: 3,
  calls: { total: 30, byOperation: { "ssm SendCommand": 5 }, checkpoints: 40, byHosts: 3 },
  operations: 25,
  invocations: 20,
  billedSeconds: 5,
  lightInvocations: [],
  sent: [],
  logSamples: 0,
});

const sent = (name: string, parameters: Record<string, string> = {}) => ({
  time: 0,
  document: `hive-swarm-dev-${name}`,
  instanceId: "i-0a",
  parameters,
});

const roll = (watched: number): OperatorRoll => ({ ...flow(watched), replacingSeconds: watched - 5 });

const rolls: Rolls = {
  workers: 3,
  replicas: 3,
  updateConfig: { Parallelism: 1, Delay: 200_000_000, Monitor: 10_000_000_000, Order: "stop-first" },
  settleSeconds: 5,
  first: roll(31),
  operator: [29, 20, 30].map(roll),
  bare: [20, 32, 21].map((seconds) => ({ seconds, replacingSeconds: 14 })),
  overCommitted: {
    replicas: 6,
    placed: 3,
    bare: { ended: false, seconds: 60.04321, state: "updating", replaced: 1 },
    operator: {
      outcome: "converged",
      because: "3 tasks run 3.0.0",
      measured: {
        ...flow(15),
        sent: [
          sent("survey-services", { image: "r/hive-web" }),
          sent("update-service", { act: "begin" }),
          sent("watch-service"),
        ],
      },
      replicas: 6,
      fullAfterSeconds: 3.00049,
    },
  },
};

describe("the report of rolls", () => {
  const report = rollReport(rolls);

  it("has the median of the operator's over that of the bare ones, from the push, from the end of the settle time, from the first write", () => {
    expect(report.bareSeconds).toEqual({ median: 21, min: 20, max: 32 });
    expect(report.fromPush).toEqual({
      seconds: { median: 39, min: 30, max: 40 },
      ratio: 1.86,
      moreSeconds: 18,
    });
    expect(report.fromSettled).toEqual({
      seconds: { median: 33, min: 24, max: 34 },
      ratio: 1.57,
      moreSeconds: 12,
    });
    expect(report.fromFirstWrite).toEqual({
      seconds: { median: 32, min: 23, max: 33 },
      ratio: 1.52,
      moreSeconds: 11,
    });
  });

  it("has swarm's own part of both, so that it shows what was alike", () => {
    expect(report.replacingSeconds).toEqual({
      operator: { median: 24, min: 15, max: 25 },
      bare: { median: 14, min: 14, max: 14 },
    });
  });

  it("says under which conditions: times in seconds", () => {
    expect(report).toMatchObject({
      parallelism: 1,
      delaySeconds: 0.2,
      monitorSeconds: 10,
      order: "stop-first",
      settleSeconds: 5,
    });
  });

  it("has steps of one name together, however often a roll watched", () => {
    expect(
      report.steps.map(({ name, documents, seconds, scriptSeconds }) => [
        name,
        documents,
        seconds,
        scriptSeconds,
      ]),
    ).toEqual([
      ["event → flow", [], 1, 0],
      ["resolve image", [], 5, 0],
      ["hosts hold image", ["hold-images"], 1, 0.25],
      ["begin roll", ["update-service"], 1, 0.25],
      ["watch tasks", ["watch-service"], 29, 0.5],
      ["end roll", ["update-service"], 2, 0.25],
    ]);
  });

  it("has what a roll costs, also one that takes over a hung update", () => {
    const cost = { managerCommands: 4, hostCommands: 3, operations: 25, invocations: 20, billedSeconds: 5 };
    expect(report).toMatchObject(cost);
    expect(report.overCommitted).toMatchObject({
      bare: { ended: false, seconds: 60.043 },
      operator: {
        ...cost,
        outcome: "converged",
        seconds: 25,
        replicas: 6,
        fullAfterSeconds: 3,
        commands: ["survey-services", "begin", "watch-service"],
      },
    });
  });

  it("reads well", () => {
    const text = presentRolls(report).join("\n");
    expect(text).toMatch(/^operator, from the push +39\.00 +30\.00 – 40\.00 +1\.86 +18\.00$/m);
    expect(text).toMatch(/^bare docker service update +21\.00 +20\.00 – 32\.00$/m);
    expect(text).toMatch(/^watch tasks +watch-service +29\.00 +0\.50$/m);
    expect(text).toContain("given up after 60 s, state updating, 1 of 3 tasks replaced.");
    expect(text).toContain("converged in 25.00 s (3 tasks run 3.0.0), 6 replicas again,");
    expect(text).toContain("4 commands on managers, 3 on hosts: survey-services, begin, watch-service");
  });

  it("has its aims", () => {
    const about = {
      at: "",
      seconds: 1,
      repetitions: 3,
      machine: { processor: "", processors: 2, memoryGibibytes: 1, loadAverage: { before: 0, after: 0 } },
      versions: {},
    };
    const { aims, roll: reported } = reportOf({ rolls }, about);
    expect(reported).toEqual(report);
    expect(aims).toEqual([
      { what: "roll over a bare update, from the push", aim: 1.1, measured: 1.86, unit: "×", met: false },
      {
        what: "roll over a bare update, from the end of the settle time",
        aim: 1.1,
        measured: 1.57,
        unit: "×",
        met: false,
      },
    ]);
  });
});

describe("the seconds since a step", () => {
  const { shares } = flow(10);

  it("count it or not", () => {
    expect(secondsSince(shares, "begin roll", "with")).toBe(13);
    expect(secondsSince(shares, "begin roll", "without")).toBe(12);
  });

  it("cannot be told of a step that there is not", () => {
    expect(() => secondsSince(shares, "pray", "with")).toThrow(/no step "pray", but event → flow, resolve/);
  });
});
