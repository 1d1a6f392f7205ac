// The report of the rolls as text for a person.
import { table } from "../cli/terminal/table.ts";
import type { RollReport, RollTime } from "./roll-report.ts";
import type { Spread } from "./statistics.ts";

const seconds = (value: number): string => value.toFixed(2);
const range = ({ min, max }: Spread): string => `${seconds(min)} – ${seconds(max)}`;

const times = ({
  bareSeconds,
  fromPush,
  fromSettled,
  fromFirstWrite,
  replacingSeconds,
}: RollReport): string => {
  const row = (name: string, time: RollTime) => [
    name,
    seconds(time.seconds.median),
    range(time.seconds),
    time.ratio.toFixed(2),
    seconds(time.moreSeconds),
  ];
  const plain = (name: string, spread: Spread) => [name, seconds(spread.median), range(spread), "", ""];
  return table(
    ["roll", "s", "from – to", "ratio", "more s"],
    [
      row("operator, from the push", fromPush),
      row("operator, from the end of the settle time", fromSettled),
      row("operator, from the first write", fromFirstWrite),
      plain("bare docker service update", bareSeconds),
      plain("tasks replaced, operator", replacingSeconds.operator),
      plain("tasks replaced, bare", replacingSeconds.bare),
    ],
  );
};

const steps = ({ steps: rows, fromPush }: RollReport): string =>
  table(
    ["steps of a roll", "documents", "operator s", "its script s"],
    [
      ...rows.map((row) => [
        row.name,
        row.documents.join(" "),
        seconds(row.seconds),
        row.documents.length === 0 ? "" : seconds(row.scriptSeconds),
      ]),
      ["all", "", seconds(fromPush.seconds.median), ""],
    ],
  );

const conditions = (roll: RollReport): string =>
  [
    `${roll.replicas} tasks on ${roll.workers} workers, ${roll.parallelism} at a time, ${roll.order}, ${roll.delaySeconds} s in between, watched for ${roll.monitorSeconds} s;`,
    `the image on no host before, a settle time of ${roll.settleSeconds} s; the first roll took ${seconds(roll.firstRollSeconds)} s`,
  ].join(" ");

const overCommitted = ({ overCommitted: { replicas, placed, bare, operator } }: RollReport): string =>
  [
    `Over-committed (${replicas} replicas, room for ${placed}): a bare docker service update ${bare.ended ? "ended" : "was given up"} after ${bare.seconds.toFixed(0)} s, state ${bare.state}, ${bare.replaced} of ${placed} tasks replaced.`,
    `The operator's roll right after it: ${operator.outcome} in ${seconds(operator.seconds)} s (${operator.because}), ${operator.replicas} replicas again, every place taken after ${seconds(operator.fullAfterSeconds)} s more;`,
    `${operator.managerCommands} commands on managers, ${operator.hostCommands} on hosts: ${operator.commands.join(", ")}`,
  ].join("\n");

/** Blocks of text, to be printed one after the other. */
export const presentRolls = (report: RollReport): string[] => [
  `${conditions(report)}\n\n${times(report)}`,
  steps(report),
  overCommitted(report),
];
