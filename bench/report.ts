// The measurements, reduced to what is reported: medians with their spread, ratios, and how each aim is met. Pure.
import type { HandMeasured } from "./by-hand.ts";
import type { Lives } from "./lives.ts";
import type { LongRetire } from "./long-retire.ts";
import type { FlowMeasured } from "./operator.ts";
import type { FunctionMeasured } from "./start-up.ts";
import { medianOf, rounded, type Spread, spreadOf, sumOf } from "./statistics.ts";

export interface StepRow {
  /** Of the flow. */
  name: string;
  documents: string[];
  seconds: number;
  /** How long the flow's own scripts ran on the machine. */
  scriptSeconds: number;
  /** The same documents by hand. */
  byHandSeconds: number;
}

export interface HookReport {
  /** Event → CONTINUE, over the same commands back to back by a script. */
  ratio: number;
  seconds: number;
  byHandSeconds: number;
  spread: { seconds: Spread; byHandSeconds: Spread };
  managerCommands: number;
  hostCommands: number;
  /** Calls of AWS by the functions, without the durable engine's own. */
  awsCalls: number;
  awsCallsByOperation: Record<string, number>;
  /** The durable engine's own calls. */
  checkpoints: number;
  hostAwsCalls: number;
  operations: number;
  invocations: number;
  billedSeconds: number;
  steps: StepRow[];
}

export interface FunctionReport {
  bytes: number;
  startupMilliseconds: number;
  emptyStartupMilliseconds: number;
  startupRatio: number;
  spread: { startupMilliseconds: Spread; emptyStartupMilliseconds: Spread };
}

export interface Aim {
  what: string;
  aim: number;
  measured: number;
  unit: string;
  met: boolean;
}

export interface Machine {
  processor: string;
  processors: number;
  memoryGibibytes: number;
  /** Of one minute, before and after: whatever else the machine had to do. */
  loadAverage: { before: number; after: number };
}

export interface BenchReport {
  at: string;
  seconds: number;
  repetitions: number;
  machine: Machine;
  versions: Record<string, string>;
  join: HookReport;
  retire: HookReport & { billedSecondsOfTenMinutes: number; tenMinutes: LongRetire };
  /** The first join of a cluster, which finds no hint of what the services need. */
  firstJoin: { seconds: number; managerCommands: number };
  functions: Record<string, FunctionReport>;
  aims: Aim[];
}

export interface Measurements {
  lives: Lives;
  longRetire: LongRetire;
  functions: Record<string, FunctionMeasured>;
}

const roundedSpread = ({ median, min, max }: Spread): Spread => ({
  median: rounded(median),
  min: rounded(min),
  max: rounded(max),
});

const stepRows = (flows: readonly FlowMeasured[], hands: readonly HandMeasured[]): StepRow[] => {
  // All flows go the same way when nothing is in their way; the first one says which.
  return (flows[0]?.shares ?? []).map(({ name, documents }): StepRow => {
    const own = flows.flatMap(({ shares }) => shares.find((share) => share.name === name) ?? []);
    const same = name === "complete CONTINUE" ? ["complete"] : documents;
    const byHand = hands.map(({ shares }) =>
      sumOf(shares.filter((share) => same.includes(share.name)).map(({ seconds }) => seconds)),
    );
    return {
      name,
      documents: [...new Set(documents)],
      seconds: rounded(medianOf(own.map(({ seconds }) => seconds))),
      scriptSeconds: rounded(medianOf(own.map(({ scriptSeconds }) => scriptSeconds))),
      byHandSeconds: rounded(medianOf(byHand)),
    };
  });
};

const hookReport = (flows: readonly FlowMeasured[], hands: readonly HandMeasured[]): HookReport => {
  const median = (value: (flow: FlowMeasured) => number): number => rounded(medianOf(flows.map(value)));
  const seconds = spreadOf(flows.map((flow) => flow.seconds));
  const byHandSeconds = spreadOf(hands.map((hand) => hand.seconds));
  const operations = [...new Set(flows.flatMap(({ calls }) => Object.keys(calls.byOperation)))].sort();
  return {
    ratio: rounded(seconds.median / byHandSeconds.median, 2),
    seconds: rounded(seconds.median),
    byHandSeconds: rounded(byHandSeconds.median),
    spread: { seconds: roundedSpread(seconds), byHandSeconds: roundedSpread(byHandSeconds) },
    managerCommands: median((flow) => flow.managerCommands),
    hostCommands: median((flow) => flow.hostCommands),
    awsCalls: median(({ calls }) => calls.total),
    awsCallsByOperation: Object.fromEntries(
      operations.map((operation) => [operation, median(({ calls }) => calls.byOperation[operation] ?? 0)]),
    ),
    checkpoints: median(({ calls }) => calls.checkpoints),
    hostAwsCalls: median(({ calls }) => calls.byHosts),
    operations: median((flow) => flow.operations),
    invocations: median((flow) => flow.invocations),
    billedSeconds: median((flow) => flow.billedSeconds),
    steps: stepRows(flows, hands),
  };
};

const functionReport = ({ bytes, startup, emptyStartup }: FunctionMeasured): FunctionReport => ({
  bytes,
  startupMilliseconds: rounded(startup.median, 1),
  emptyStartupMilliseconds: rounded(emptyStartup.median, 1),
  startupRatio: rounded(startup.median / emptyStartup.median, 2),
  spread: {
    startupMilliseconds: roundedSpread(startup),
    emptyStartupMilliseconds: roundedSpread(emptyStartup),
  },
});

const KIBIBYTE = 1024;

const aimsOf = ({ join, retire, functions }: Pick<BenchReport, "join" | "retire" | "functions">): Aim[] => {
  const aim = (what: string, atMost: number, measured: number, unit = ""): Aim => ({
    what,
    aim: atMost,
    measured,
    unit,
    met: measured <= atMost,
  });
  return [
    aim("join over by hand", 1.5, join.ratio, "×"),
    aim("retire over by hand", 1.5, retire.ratio, "×"),
    aim("manager commands per join", 1, join.managerCommands),
    aim("manager commands per retire", 2, retire.managerCommands),
    ...Object.entries(functions).flatMap(([name, { bytes, startupRatio }]) => [
      aim(`bundle of ${name}`, 500, rounded(bytes / KIBIBYTE, 1), "KiB"),
      aim(`start of ${name} over an empty bundle`, 8, startupRatio, "×"),
    ]),
  ];
};

export const reportOf = (
  { lives, longRetire, functions: measured }: Measurements,
  about: Pick<BenchReport, "at" | "seconds" | "repetitions" | "machine" | "versions">,
): BenchReport => {
  const { first, operator, byHand } = lives;
  const join = hookReport(
    operator.map((life) => life.join),
    byHand.map((life) => life.join),
  );
  const retirements = operator.map((life) => life.retire);
  // Each invocation of the long retirement also costs what one costs on the real sandbox that pauses nowhere.
  const light = medianOf(retirements.flatMap(({ lightInvocations }) => lightInvocations)) / 1000;
  const retire = {
    ...hookReport(
      retirements,
      byHand.map((life) => life.retire),
    ),
    billedSecondsOfTenMinutes: rounded(longRetire.pausedSeconds + longRetire.invocations * light, 1),
    tenMinutes: longRetire,
  };
  const functions = Object.fromEntries(
    Object.entries(measured).map(([name, each]) => [name, functionReport(each)]),
  );
  return {
    ...about,
    join,
    retire,
    firstJoin: { seconds: rounded(first.join.seconds), managerCommands: first.join.managerCommands },
    functions,
    aims: aimsOf({ join, retire, functions }),
  };
};
