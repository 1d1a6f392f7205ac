// What the measurements of one hook come to: time over that by hand, step beside step, and what it cost. Pure.
import type { HandMeasured } from "./by-hand.ts";
import type { FlowMeasured } from "./operator.ts";
import { medianOf, rounded, roundedSpread, type Spread, spreadOf, sumOf } from "./statistics.ts";

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

/** What is done by hand for steps that send no document. */
const BY_HAND: Readonly<Record<string, readonly string[]>> = {
  "agent online": ["reachable"],
  "host reachable": ["reachable"],
  "complete CONTINUE": ["complete"],
};

const stepRows = (flows: readonly FlowMeasured[], hands: readonly HandMeasured[]): StepRow[] => {
  // All flows go the same way when nothing is in their way; the first one says which.
  return (flows[0]?.shares ?? []).map(({ name, documents }): StepRow => {
    const own = flows.flatMap(({ shares }) => shares.find((share) => share.name === name) ?? []);
    const same = BY_HAND[name] ?? documents;
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

export const hookReport = (flows: readonly FlowMeasured[], hands: readonly HandMeasured[]): HookReport => {
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
