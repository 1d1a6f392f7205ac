// The model of CloudWatch: metrics out of log lines, and alarms over them, by the rules of the user guide.
import { readFileSync } from "node:fs";
import { alarmReport, readAlarms } from "../../sandbox/cloud/alarms.ts";
import { sandboxAccount } from "../../sandbox/models/account.ts";
import { CloudWatch } from "../../sandbox/models/cloud-watch/cloud-watch.ts";
import { embeddedMetrics } from "../../sandbox/models/cloud-watch/embedded-metrics.ts";
import { evaluate } from "../../sandbox/models/cloud-watch/evaluation.ts";
import { filteredMetrics } from "../../sandbox/models/cloud-watch/metric-filters.ts";
import type { AlarmDefinition } from "../../sandbox/template/monitoring.ts";
import { readRegistryTemplate } from "../../sandbox/template/registry-template.ts";
import { readTemplate } from "../../sandbox/template/template.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

const alarm = (more: Partial<AlarmDefinition> = {}): AlarmDefinition => ({
  logicalId: "Alarm",
  name: "alarm",
  description: "",
  namespace: "n",
  metricName: "m",
  dimensions: {},
  statistic: "Sum",
  periodSeconds: 60,
  evaluationPeriods: 3,
  datapointsToAlarm: more.evaluationPeriods ?? 3,
  threshold: 1,
  comparison: "GreaterThanOrEqualToThreshold",
  treatMissingData: "notBreaching",
  actionsEnabled: true,
  actions: [],
  ...more,
});

/** `0X-`: a period each, the newest last; `-` has no data. */
const data = (periods: string) =>
  [...periods].flatMap((period, index) =>
    period === "-"
      ? []
      : [
          {
            namespace: "n",
            name: "m",
            dimensions: {},
            value: period === "X" ? 1 : 0,
            at: NOW - (periods.length - index) * MINUTE,
          },
        ],
  );

describe("an alarm of three periods, as the user guide's tables have it,", () => {
  it.each([
    ["0-X-X", "OK", "OK"],
    ["----0", "OK", "OK"],
    ["-----", "ALARM", "OK"],
    ["0XX-X", "ALARM", "ALARM"],
    ["--X--", "ALARM", "OK"],
    ["XXX--", "ALARM", "ALARM"],
    ["XXX000", "OK", "OK"],
  ])(
    "%s is %s where missing data is breaching, and %s where it is not",
    (periods, breaching, notBreaching) => {
      expect(evaluate(alarm({ treatMissingData: "breaching" }), data(periods), NOW)).toBe(breaching);
      expect(evaluate(alarm({ treatMissingData: "notBreaching" }), data(periods), NOW)).toBe(notBreaching);
    },
  );

  it("of which two are enough", () => {
    const two = alarm({ datapointsToAlarm: 2 });
    expect(evaluate(two, data("X0X"), NOW)).toBe("ALARM");
    expect(evaluate(two, data("X00"), NOW)).toBe("OK");
  });

  it("looks at whole minutes that slide with it", () => {
    const five = alarm({ periodSeconds: 300, evaluationPeriods: 1, statistic: "Maximum" });
    const [datum] = data("X");
    const at = (minutes: number) => evaluate(five, datum ? [datum] : [], NOW + minutes * MINUTE);
    expect([at(-1), at(0), at(5), at(14), at(15)]).toEqual(["OK", "ALARM", "ALARM", "ALARM", "OK"]);
  });

  it.each([
    ["Average", 0.5, "GreaterThanThreshold", "OK"],
    ["Average", 0.4, "GreaterThanThreshold", "ALARM"],
    ["Minimum", 1, "LessThanThreshold", "ALARM"],
    ["Maximum", 1, "LessThanThreshold", "OK"],
    ["SampleCount", 2, "LessThanOrEqualToThreshold", "ALARM"],
    ["Sum", 2, "GreaterThanOrEqualToThreshold", "OK"],
  ])("takes %s against %s by %s: %s", (statistic, threshold, comparison, state) => {
    const both = data("X").flatMap((datum) => [datum, { ...datum, value: 0 }]);
    expect(evaluate(alarm({ statistic, threshold, comparison, evaluationPeriods: 1 }), both, NOW)).toBe(
      state,
    );
  });

  it.each([{ statistic: "p95" }, { comparison: "LessThanLowerThreshold" }, { treatMissingData: "ignore" }])(
    "that uses what is not known here is refused: %j",
    (unknown) => {
      expect(() => evaluate(alarm(unknown), [], NOW)).toThrow("The sandbox does not know");
    },
  );

  it("sees no series of other dimensions", () => {
    const cloudWatch = new CloudWatch({ alarms: [], filters: [] });
    cloudWatch.put(data("XXX"));
    expect(cloudWatch.stateAt(alarm(), NOW)).toBe("ALARM");
    expect(cloudWatch.stateAt(alarm({ dimensions: { Cluster: "hive" } }), NOW)).toBe("OK");
  });
});

describe("the embedded metric format", () => {
  const line = (more: object, directive: object = {}) =>
    JSON.stringify({
      _aws: {
        Timestamp: NOW,
        CloudWatchMetrics: [{ Namespace: "n", Dimensions: [["A"]], Metrics: [{ Name: "m" }], ...directive }],
      },
      A: "a",
      m: 3,
      ...more,
    });

  it("gives one datum for each metric and set of dimensions", () => {
    const datum = { namespace: "n", name: "m", dimensions: { A: "a" }, value: 3, at: NOW };
    expect(embeddedMetrics(line({}))).toEqual([datum]);
    expect(embeddedMetrics(line({}, { Dimensions: [["A"], []] }))).toEqual([
      datum,
      { ...datum, dimensions: {} },
    ]);
    expect(embeddedMetrics(line({ m: [1, 2] })).map(({ value }) => value)).toEqual([1, 2]);
  });

  it("is in no other line", () => {
    for (const other of ["", "START RequestId: 1", "[1]", '{"level":"ERROR"}', "{"])
      expect(embeddedMetrics(other)).toEqual([]);
  });

  it.each<[string, string]>([
    ["a dimension that is no member", line({ A: undefined })],
    ["a dimension that is no string", line({ A: 1 })],
    ["a value that is no number", line({ m: "3" })],
    ["a value that is missing", line({ m: undefined })],
    ["a unit that does not exist", line({}, { Metrics: [{ Name: "m", Unit: "Fortnights" }] })],
    ["no namespace", line({}, { Namespace: "" })],
    ["no time", JSON.stringify({ _aws: { CloudWatchMetrics: [] } })],
  ])("with %s is an error here, where the real one would drop it", (_what, wrong) => {
    expect(() => embeddedMetrics(wrong)).toThrow("no embedded metric format");
  });
});

it("a metric filter tells its value for a match, its default otherwise, and knows one kind of pattern", () => {
  const filter = {
    logGroup: "g",
    pattern: '{ $.level = "ERROR" }',
    namespace: "n",
    metricName: "m",
    value: 1,
    defaultValue: 0,
  };
  const told = (line: string) => filteredMetrics(filter, line, NOW).map(({ value }) => value);
  expect(told('{"level":"ERROR"}')).toEqual([1]);
  expect(told('{"level":"INFO"}')).toEqual([0]);
  expect(told("no JSON")).toEqual([0]);
  expect(() => filteredMetrics({ ...filter, pattern: "ERROR" }, "", NOW)).toThrow("filter pattern ERROR");
});

describe("the sandbox's report", () => {
  const monitoring = readAlarms(".", "hive-swarm-dev");
  const record = (level: string, at: number) =>
    `START\n${JSON.stringify({ level, message: "m", timestamp: new Date(at).toISOString() })}\n`;

  it("says which alarms would have gone off, and when, of what was logged and of both queues", () => {
    const logs = {
      "hive-swarm-dev-repair": record("INFO", NOW),
      "hive-swarm-dev-plan": record("ERROR", NOW),
    };
    const queues = { "hive-swarm-dev-registry-events-DeadLetters": [NOW + MINUTE] };
    const { alarms, changes } = alarmReport(monitoring, { logs, queues }, NOW + 30 * MINUTE);
    expect(Object.keys(alarms).sort()).toEqual(monitoring.alarms.map(({ name }) => name).sort());
    const on = Object.entries(alarms).filter(([, state]) => state === "ALARM");
    expect(on.map(([name]) => name)).toEqual([
      "hive-swarm-dev-repair-blind",
      "hive-swarm-dev-registry-events-registry-dead-letters",
    ]);
    expect(changes.filter(({ alarm: name }) => name === "hive-swarm-dev-errors")).toEqual([
      { alarm: "hive-swarm-dev-errors", state: "ALARM", at: NOW + MINUTE },
      { alarm: "hive-swarm-dev-errors", state: "OK", at: NOW + 4 * MINUTE },
    ]);
  });
});

describe("each alarm of both stacks", () => {
  const page = readFileSync("docs/runbooks.md", "utf8");
  const sections = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n", 1)[0] ?? "", section]),
  );
  const { alarms } = readAlarms(".", "hive-swarm-dev");
  const shortOf = (name: string) => name.replace(/^hive-swarm-dev-(registry-events-)?/, "");

  it.each(alarms.map((each) => [shortOf(each.name), each] as const))(
    "%s names its section of the runbooks, which says what it means, what to look at, and how it ends",
    (name, { description, actions }) => {
      expect(description).toMatch(new RegExp(`docs/runbooks\\.md#${name}$`));
      const section = sections.get(name) ?? "";
      for (const part of ["**Means.**", "**Look at.**", "**End it.**"]) expect(section).toContain(part);
      expect(section).toContain("```sh\n");
      expect(actions).toHaveLength(1);
    },
  );

  it("and each queue of both has one", () => {
    const account = { account: sandboxAccount.id, region: sandboxAccount.region };
    const registry = { ...account, stackName: "hive-swarm-dev-registry-events" };
    const queues = [
      ...readTemplate(".serverless", account).queues,
      ...readRegistryTemplate(".", registry).queues,
    ];
    const watched = alarms
      .filter(({ namespace }) => namespace === "AWS/SQS")
      .map(({ dimensions }) => dimensions.QueueName);
    expect(watched.sort()).toEqual(queues.map(({ name }) => name).sort());
    expect(watched).toHaveLength(2);
  });

  it("is all that there are sections of", () => {
    expect([...sections.keys()].sort()).toEqual(alarms.map(({ name }) => shortOf(name)).sort());
  });
});
