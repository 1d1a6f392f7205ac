// The report as text for a person.
import { table } from "../cli/terminal/table.ts";
import type { HookReport } from "./hook-report.ts";
import type { BenchReport } from "./report.ts";
import type { Spread } from "./statistics.ts";

const seconds = (value: number): string => value.toFixed(2);
const range = ({ min, max }: Spread): string => `${seconds(min)} – ${seconds(max)}`;
const none = (value: number, text: string): string => (value === 0 ? "" : text);

const hooks = ({ join, retire }: BenchReport): [string, HookReport][] => [
  ["join", join],
  ["retire", retire],
];

const times = (report: BenchReport): string =>
  table(
    ["event → CONTINUE", "operator s", "from – to", "by hand s", "from – to", "ratio"],
    hooks(report).map(([name, hook]) => [
      name,
      seconds(hook.seconds),
      range(hook.spread.seconds),
      seconds(hook.byHandSeconds),
      range(hook.spread.byHandSeconds),
      hook.ratio.toFixed(2),
    ]),
  );

const steps = (name: string, { steps: rows, seconds: total, byHandSeconds }: HookReport): string =>
  table(
    [`steps of ${name}`, "documents", "operator s", "its script s", "by hand s"],
    [
      ...rows.map((row) => [
        row.name,
        row.documents.join(" "),
        seconds(row.seconds),
        none(row.documents.length, seconds(row.scriptSeconds)),
        none(row.byHandSeconds, seconds(row.byHandSeconds)),
      ]),
      ["all", "", seconds(total), "", seconds(byHandSeconds)],
    ],
  );

const costs = (report: BenchReport): string => {
  const line = (what: string, value: (hook: HookReport) => number) => [
    what,
    ...hooks(report).map(([, hook]) => String(value(hook))),
  ];
  const operations = [
    ...new Set(hooks(report).flatMap(([, hook]) => Object.keys(hook.awsCallsByOperation))),
  ].sort();
  return table(
    ["per instance", "join", "retire"],
    [
      line("commands on managers", (hook) => hook.managerCommands),
      line("commands on the host", (hook) => hook.hostCommands),
      line("AWS calls of the functions", (hook) => hook.awsCalls),
      ...operations.map((operation) =>
        line(`  ${operation}`, (hook) => hook.awsCallsByOperation[operation] ?? 0),
      ),
      line("AWS calls of the host", (hook) => hook.hostAwsCalls),
      line("checkpoints of the durable engine", (hook) => hook.checkpoints),
      line("durable operations", (hook) => hook.operations),
      line("invocations", (hook) => hook.invocations),
      line("billed seconds", (hook) => hook.billedSeconds),
    ],
  );
};

const functions = ({ functions: measured }: BenchReport): string =>
  table(
    ["function", "KiB", "start ms", "empty ms", "ratio"],
    Object.entries(measured).map(([name, each]) => [
      name,
      (each.bytes / 1024).toFixed(1),
      each.startupMilliseconds.toFixed(0),
      each.emptyStartupMilliseconds.toFixed(0),
      each.startupRatio.toFixed(2),
    ]),
  );

const aims = ({ aims: each }: BenchReport): string =>
  table(
    ["aim", "at most", "measured", ""],
    each.map(({ what, aim, measured, unit, met }) => [
      what,
      `${aim} ${unit}`.trim(),
      `${measured} ${unit}`.trim(),
      met ? "met" : "MISSED",
    ]),
  );

/** Blocks of text, to be printed one after the other. */
export const present = (report: BenchReport): string[] => {
  const { machine, versions, repetitions, firstJoin, retire } = report;
  const { tenMinutes } = retire;
  return [
    [
      `${machine.processors} × ${machine.processor}, ${machine.memoryGibibytes} GiB, load ${machine.loadAverage.before} before and ${machine.loadAverage.after} after`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
      `Medians of ${repetitions} repetitions, operator and by hand in turn; the whole took ${report.seconds.toFixed(0)} s`,
    ].join("\n"),
    times(report),
    steps("join", report.join),
    steps("retire", retire),
    costs(report),
    [
      `The first join of a cluster: ${seconds(firstJoin.seconds)} s, ${firstJoin.managerCommands} commands on managers (there is no hint yet of what the services need)`,
      `The logs were sampled, in each retirement by the operator: ${retire.logSamples.operator.join(" ")}; by hand: ${retire.logSamples.byHand.join(" ")}`,
      `A retirement of ${(tenMinutes.seconds / 60).toFixed(1)} minutes (output blocked): ${retire.billedSecondsOfTenMinutes} billed seconds, ${tenMinutes.pausedSeconds} of them pauses between looks; ` +
        `${tenMinutes.invocations} invocations, ${tenMinutes.operations} operations, ${tenMinutes.awsCalls} AWS calls`,
    ].join("\n"),
    functions(report),
    aims(report),
  ];
};
