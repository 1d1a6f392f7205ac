// The report as text for a person.
import { table } from "../cli/terminal/table.ts";
import type { FlowCost, HookReport } from "./hook-report.ts";
import { presentRolls } from "./present-rolls.ts";
import type { BenchReport, FunctionReport, HooksReport } from "./report.ts";
import type { Spread } from "./statistics.ts";

const seconds = (value: number): string => value.toFixed(2);
const range = ({ min, max }: Spread): string => `${seconds(min)} – ${seconds(max)}`;
const none = (value: number, text: string): string => (value === 0 ? "" : text);

const hooks = ({ join, retire }: HooksReport): [string, HookReport][] => [
  ["join", join],
  ["retire", retire],
];

const times = (report: HooksReport): string =>
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

const costs = ({ join, retire, roll }: BenchReport): string => {
  const flows = Object.entries({ join, retire, roll }).flatMap(([name, cost]): [string, FlowCost][] =>
    cost ? [[name, cost]] : [],
  );
  const line = (what: string, value: (cost: FlowCost) => number) => [
    what,
    ...flows.map(([, cost]) => String(value(cost))),
  ];
  const operations = [...new Set(flows.flatMap(([, cost]) => Object.keys(cost.awsCallsByOperation)))].sort();
  return table(
    ["per instance, per roll", ...flows.map(([name]) => name)],
    [
      line("commands on managers", (cost) => cost.managerCommands),
      line("commands on hosts", (cost) => cost.hostCommands),
      line("AWS calls of the functions", (cost) => cost.awsCalls),
      ...operations.map((operation) =>
        line(`  ${operation}`, (cost) => cost.awsCallsByOperation[operation] ?? 0),
      ),
      line("AWS calls of hosts", (cost) => cost.hostAwsCalls),
      line("checkpoints of the durable engine", (cost) => cost.checkpoints),
      line("durable operations", (cost) => cost.operations),
      line("invocations", (cost) => cost.invocations),
      line("billed seconds", (cost) => cost.billedSeconds),
    ],
  );
};

const functions = (measured: Record<string, FunctionReport>): string =>
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

const hooksMeasured = (report: BenchReport): report is BenchReport & HooksReport =>
  report.join !== undefined && report.retire !== undefined && report.firstJoin !== undefined;

const longRetirement = ({ retire }: HooksReport): string => {
  const { tenMinutes } = retire;
  return (
    `A retirement of ${(tenMinutes.seconds / 60).toFixed(1)} minutes (output blocked): ${retire.billedSecondsOfTenMinutes} billed seconds, ${tenMinutes.pausedSeconds} of them pauses between looks; ` +
    `${tenMinutes.invocations} invocations, ${tenMinutes.operations} operations, ${tenMinutes.awsCalls} AWS calls`
  );
};

/** Blocks of text, to be printed one after the other. */
export const present = (report: BenchReport): string[] => {
  const { machine, versions, repetitions, roll } = report;
  const hooked = hooksMeasured(report) ? report : undefined;
  return [
    [
      `${machine.processors} × ${machine.processor}, ${machine.memoryGibibytes} GiB, load ${machine.loadAverage.before} before and ${machine.loadAverage.after} after`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
      `Medians of ${repetitions} repetitions, operator and by hand in turn; the whole took ${report.seconds.toFixed(0)} s`,
    ].join("\n"),
    ...(hooked ? [times(hooked), steps("join", hooked.join), steps("retire", hooked.retire)] : []),
    ...(roll ? presentRolls(roll) : []),
    ...(hooked || roll ? [costs(report)] : []),
    ...(hooked
      ? [
          [
            `The first join of a cluster: ${seconds(hooked.firstJoin.seconds)} s, ${hooked.firstJoin.managerCommands} commands on managers (there is no hint yet of what the services need)`,
            `The logs were sampled, in each retirement by the operator: ${hooked.retire.logSamples.operator.join(" ")}; by hand: ${hooked.retire.logSamples.byHand.join(" ")}`,
            longRetirement(hooked),
          ].join("\n"),
        ]
      : []),
    ...(report.functions ? [functions(report.functions)] : []),
    ...(report.aims.length > 0 ? [aims(report)] : []),
  ];
};
