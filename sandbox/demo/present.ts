// The report as tables for people, in 80 columns.
import { table } from "../../cli/terminal/table.ts";
import { type FlowReport, LAUNCHING, type Report } from "./report.ts";

/** All of it, as text. */
export const present = (report: Report): string =>
  [
    table(
      ["Phase", "Seconds"],
      report.phases.map(({ name, seconds }) => [name, seconds.toFixed(1)]),
    ),
    ...kindsOf(report.flows).map((kind) =>
      stepTable(
        kind,
        report.flows.filter(({ name }) => kindOf(name) === kind),
      ),
    ),
    table(
      ["Hook", "Instance", "Result", "Completed", "Seconds"],
      report.hooks.map(({ hook, transition, instanceId, result, completions, seconds }) => [
        `${hook} (${transition === LAUNCHING ? "launch" : "terminate"})`,
        instanceId,
        result,
        completions === 1 ? "once" : `${completions} times`,
        seconds.toFixed(1),
      ]),
    ),
    table(
      ["", "Total", "Lost"],
      [
        ["Requests", report.requests.sent, report.requests.failed],
        ["Log lines", report.logLines.written, report.logLines.written - report.logLines.shipped],
      ],
    ),
  ].join("\n\n");

const NOTHING = (0).toFixed(1);

/** One row a step, one column a flow: where the time went. Steps that ran twice are added up; what took no time is left out. */
const stepTable = (kind: string, flows: FlowReport[]): string => {
  const rows = new Map<string, number[]>();
  flows.forEach(({ steps }, column) => {
    for (const { name, seconds } of steps) {
      const row = rows.get(name) ?? flows.map(() => 0);
      row[column] = (row[column] ?? 0) + seconds;
      rows.set(name, row);
    }
  });
  const shown = [...rows].map(([step, row]): [string, ...string[]] => [
    step,
    ...row.map((seconds) => seconds.toFixed(1)),
  ]);
  return table(
    [`Seconds of each ${kind}`, ...flows.map(({ name }) => shortInstance(name))],
    shown.filter(([, ...row]) => row.some((seconds) => seconds !== NOTHING)),
  );
};

/** In the order in which they first began. */
const kindsOf = (flows: FlowReport[]): string[] => [...new Set(flows.map(({ name }) => kindOf(name)))];

/** `retire-i-0…-0` → `retire`. */
const kindOf = (name: string): string => name.split("-")[0] ?? name;

/** The last digits tell a handful of instances apart. */
const shortInstance = (flow: string): string => /i-[0-9a-f]*([0-9a-f]{4})/.exec(flow)?.[1] ?? "";
