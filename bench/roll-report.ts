// What the rolls come to: their time over that of a bare update from each moment from which it can be counted, and what they cost. Pure.
import type { SentCommand } from "./calls.ts";
import { type FlowCost, flowCost, type StepRow, stepRows } from "./hook-report.ts";
import type { StepShare } from "./operator.ts";
import type { Rolls } from "./rolls.ts";
import { rounded, roundedSpread, type Spread, spreadOf, sumOf } from "./statistics.ts";

/** The operator's roll, counted from one moment to its published outcome, over the bare update. */
export interface RollTime {
  seconds: Spread;
  /** Of the medians. */
  ratio: number;
  moreSeconds: number;
}

export interface RollReport extends FlowCost {
  workers: number;
  replicas: number;
  parallelism: number;
  delaySeconds: number;
  monitorSeconds: number;
  order: string;
  settleSeconds: number;
  /** The real client, from its start to its return. */
  bareSeconds: Spread;
  /** From the moment in which the push was over. */
  fromPush: RollTime;
  /** From the moment in which no more tags were waited for, and the roll was decided on. */
  fromSettled: RollTime;
  /** From the moment in which the first command that writes to the service was sent. */
  fromFirstWrite: RollTime;
  /** Swarm's own part: from the first task that it made until the last one ran. */
  replacingSeconds: { operator: Spread; bare: Spread };
  firstRollSeconds: number;
  steps: StepRow[];
  overCommitted: {
    replicas: number;
    placed: number;
    bare: { ended: boolean; seconds: number; state: string; replaced: number };
    operator: FlowCost & {
      outcome: string;
      because: string;
      seconds: number;
      /** The replicas that the service has again, and how long it took then until every place had a task of the image. */
      replicas: number;
      fullAfterSeconds: number;
      /** In order: documents, of the one that writes what it was to write. */
      commands: string[];
    };
  };
}

const SETTLED = "resolve image";
const FIRST_WRITE = "begin roll";

/** Seconds of the shares behind the one of that name, with it or without. @throws when there is none: the flow's steps changed */
export const secondsSince = (
  shares: readonly StepShare[],
  name: string,
  itself: "with" | "without",
): number => {
  const at = shares.findIndex((share) => share.name === name);
  if (at === -1)
    throw new Error(`A roll has no step "${name}", but ${shares.map((share) => share.name).join(", ")}`);
  return sumOf(shares.slice(itself === "with" ? at : at + 1).map(({ seconds }) => seconds));
};

const commandsOf = (sent: readonly SentCommand[]): string[] =>
  sent.map(({ document, parameters }) => parameters.act ?? document.replace(/^hive-swarm-dev-/, ""));

export const rollReport = (rolls: Rolls): RollReport => {
  const { operator, bare, updateConfig: config, overCommitted } = rolls;
  const bareSeconds = spreadOf(bare.map(({ seconds }) => seconds));
  const time = (values: readonly number[]): RollTime => {
    const seconds = spreadOf(values);
    return {
      seconds: roundedSpread(seconds),
      ratio: rounded(seconds.median / bareSeconds.median, 2),
      moreSeconds: rounded(seconds.median - bareSeconds.median),
    };
  };
  const replacing = (each: readonly { replacingSeconds: number }[]) =>
    roundedSpread(spreadOf(each.map(({ replacingSeconds }) => replacingSeconds)));
  const { measured, ...ended } = overCommitted.operator;
  return {
    workers: rolls.workers,
    replicas: rolls.replicas,
    parallelism: config.Parallelism,
    delaySeconds: (config.Delay ?? 0) / 1e9,
    monitorSeconds: (config.Monitor ?? 0) / 1e9,
    order: config.Order ?? "",
    settleSeconds: rolls.settleSeconds,
    bareSeconds: roundedSpread(bareSeconds),
    fromPush: time(operator.map(({ seconds }) => seconds)),
    fromSettled: time(operator.map(({ shares }) => secondsSince(shares, SETTLED, "without"))),
    fromFirstWrite: time(operator.map(({ shares }) => secondsSince(shares, FIRST_WRITE, "with"))),
    replacingSeconds: { operator: replacing(operator), bare: replacing(bare) },
    firstRollSeconds: rounded(rolls.first.seconds),
    ...flowCost(operator),
    steps: stepRows(operator, []),
    overCommitted: {
      replicas: overCommitted.replicas,
      placed: overCommitted.placed,
      bare: { ...overCommitted.bare, seconds: rounded(overCommitted.bare.seconds) },
      operator: {
        ...ended,
        seconds: rounded(measured.seconds),
        fullAfterSeconds: rounded(ended.fullAfterSeconds),
        commands: commandsOf(measured.sent),
        ...flowCost([measured]),
      },
    },
  };
};
