// The report as tables for people.
import { table } from "../terminal/table.ts";
import { type FlowReport, LAUNCHING, type Report } from "./report.ts";

/** All of it, as text. */
export const present = (report: Report, framed?: boolean): string =>
  [
    table(
      ["Phase", "Seconds"],
      report.phases.map(({ name, seconds }) => [name, seconds.toFixed(1)]),
      framed,
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
      framed,
    ),
    table(...stepTable(report.flows), framed),
    table(
      ["", "Total", "Lost"],
      [
        ["Requests", report.requests.sent, report.requests.failed],
        ["Log lines", report.logLines.written, report.logLines.written - report.logLines.shipped],
      ],
      framed,
    ),
  ].join("\n\n");

/** One row a step, one column a flow of that kind: where the time went. Steps that ran twice are added up. */
const stepTable = (flows: FlowReport[]): [string[], string[][]] => {
  const rows = new Map<string, string[]>();
  flows.forEach(({ name, steps }, column) => {
    for (const step of steps) {
      const key = `${kindOf(name)}: ${step.name}`;
      const row = rows.get(key) ?? flows.map(() => "");
      row[column] = (Number(row[column]) + step.seconds).toFixed(1);
      rows.set(key, row);
    }
  });
  const head = ["Step (seconds)", ...flows.map(({ name }) => `${kindOf(name)} …${shortInstance(name)}`)];
  const sorted = [...rows].sort(([a], [b]) => kindOf(a).localeCompare(kindOf(b)));
  return [head, sorted.map(([step, row]) => [step, ...row])];
};

/** `retire-i-0…-0` and `retire: drain node` → `retire`. */
const kindOf = (name: string): string => name.split(/[-:]/)[0] ?? name;

/** The last digits tell a handful of instances apart. */
const shortInstance = (flow: string): string => /i-[0-9a-f]*([0-9a-f]{4})/.exec(flow)?.[1] ?? "";
