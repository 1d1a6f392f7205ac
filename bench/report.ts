// The measurements, reduced to what is reported: medians with their spread, ratios, and how each aim is met. Pure.
import { type HookReport, hookReport } from "./hook-report.ts";
import type { Lives } from "./lives.ts";
import type { LongRetire } from "./long-retire.ts";
import { type RollReport, rollReport } from "./roll-report.ts";
import type { Rolls } from "./rolls.ts";
import type { FunctionMeasured } from "./start-up.ts";
import { medianOf, rounded, roundedSpread, type Spread } from "./statistics.ts";

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

export interface HooksReport {
  join: HookReport;
  retire: HookReport & {
    billedSecondsOfTenMinutes: number;
    tenMinutes: LongRetire;
    /** Of each retirement, how often the logs were sampled: one that had to wait for filebeat twice is no match for one that had not. */
    logSamples: { operator: number[]; byHand: number[] };
  };
  /** The first join of a cluster, which finds no hint of what the services need. */
  firstJoin: { seconds: number; managerCommands: number };
}

interface About {
  at: string;
  seconds: number;
  repetitions: number;
  machine: Machine;
  versions: Record<string, string>;
}

/** With the parts that were measured. */
export interface BenchReport extends About, Partial<HooksReport> {
  roll?: RollReport;
  functions?: Record<string, FunctionReport>;
  aims: Aim[];
}

export interface Measurements {
  hooks?: { lives: Lives; longRetire: LongRetire };
  rolls?: Rolls;
  functions?: Record<string, FunctionMeasured>;
}

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

const aimsOf = ({ join, retire, roll, functions = {} }: Omit<BenchReport, keyof About | "aims">): Aim[] => {
  const aim = (what: string, atMost: number, measured: number, unit = ""): Aim => ({
    what,
    aim: atMost,
    measured,
    unit,
    met: measured <= atMost,
  });
  return [
    ...(join && retire
      ? [
          aim("join over by hand", 1.5, join.ratio, "×"),
          aim("retire over by hand", 1.5, retire.ratio, "×"),
          aim("manager commands per join", 1, join.managerCommands),
          aim("manager commands per retire", 2, retire.managerCommands),
        ]
      : []),
    ...(roll
      ? [
          aim("roll over a bare update, from the push", 1.1, roll.fromPush.ratio, "×"),
          aim("roll over a bare update, from the end of the settle time", 1.1, roll.fromSettled.ratio, "×"),
        ]
      : []),
    ...Object.entries(functions).flatMap(([name, { bytes, startupRatio }]) => [
      aim(`bundle of ${name}`, 500, rounded(bytes / KIBIBYTE, 1), "KiB"),
      aim(`start of ${name} over an empty bundle`, 8, startupRatio, "×"),
    ]),
  ];
};

const hooksReport = ({ lives, longRetire }: NonNullable<Measurements["hooks"]>): HooksReport => {
  const { first, operator, byHand } = lives;
  const retirements = operator.map((life) => life.retire);
  // Each invocation of the long retirement also costs what one costs on the real sandbox that pauses nowhere.
  const light = medianOf(retirements.flatMap(({ lightInvocations }) => lightInvocations)) / 1000;
  return {
    join: hookReport(
      operator.map((life) => life.join),
      byHand.map((life) => life.join),
    ),
    retire: {
      ...hookReport(
        retirements,
        byHand.map((life) => life.retire),
      ),
      billedSecondsOfTenMinutes: rounded(longRetire.pausedSeconds + longRetire.invocations * light, 1),
      tenMinutes: longRetire,
      logSamples: {
        operator: retirements.map(({ logSamples }) => logSamples),
        byHand: byHand.map((life) => life.retire.logSamples),
      },
    },
    firstJoin: { seconds: rounded(first.join.seconds), managerCommands: first.join.managerCommands },
  };
};

export const reportOf = ({ hooks, rolls, functions }: Measurements, about: About): BenchReport => {
  const parts = {
    ...(hooks && hooksReport(hooks)),
    ...(rolls && { roll: rollReport(rolls) }),
    ...(functions && {
      functions: Object.fromEntries(
        Object.entries(functions).map(([name, each]) => [name, functionReport(each)]),
      ),
    }),
  };
  return { ...about, ...parts, aims: aimsOf(parts) };
};
