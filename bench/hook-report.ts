// What the measurements of one hook, or of rolls, come to: time over that by hand, step beside step, and what it cost. Pure.
import type { HandMeasured } from "./by-hand.ts";
import type { FlowMeasured, StepShare } from "./operator.ts";
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

/** Medians. */
export interface FlowCost {
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
}

export interface HookReport extends FlowCost {
  /** Event → CONTINUE, over the same commands back to back by a script. */
  ratio: number;
  seconds: number;
  byHandSeconds: number;
  spread: { seconds: Spread; byHandSeconds: Spread };
  steps: StepRow[];
}

/** What is done by hand for steps that send no document. */
const BY_HAND: Readonly<Record<string, readonly string[]>> = {
  "agent online": ["reachable"],
  "host reachable": ["reachable"],
  "complete CONTINUE": ["complete"],
};

/** Step by step, those of one name together: a roll watches as often as it takes. */
export const stepRows = (flows: readonly FlowMeasured[], hands: readonly HandMeasured[]): StepRow[] => {
  // All flows go the same way when nothing is in their way; the first one says which.
  const shares = flows[0]?.shares ?? [];
  return [...new Set(shares.map(({ name }) => name))].map((name): StepRow => {
    const own = flows.map((flow) => flow.shares.filter((share) => share.name === name));
    const documents = [...new Set(own[0]?.flatMap((share) => share.documents))];
    const same = BY_HAND[name] ?? documents;
    const byHand = hands.map((hand) =>
      sumOf(hand.shares.filter((share) => same.includes(share.name)).map(({ seconds }) => seconds)),
    );
    const median = (value: (share: StepShare) => number) =>
      rounded(medianOf(own.map((one) => sumOf(one.map(value)))));
    return {
      name,
      documents,
      seconds: median(({ seconds }) => seconds),
      scriptSeconds: median(({ scriptSeconds }) => scriptSeconds),
      byHandSeconds: byHand.length === 0 ? 0 : rounded(medianOf(byHand)),
    };
  });
};

export const flowCost = (flows: readonly FlowMeasured[]): FlowCost => {
  const median = (value: (flow: FlowMeasured) => number): number => rounded(medianOf(flows.map(value)));
  const operations = [...new Set(flows.flatMap(({ calls }) => Object.keys(calls.byOperation)))].sort();
  return {
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
  };
};

export const hookReport = (flows: readonly FlowMeasured[], hands: readonly HandMeasured[]): HookReport => {
  const seconds = spreadOf(flows.map((flow) => flow.seconds));
  const byHandSeconds = spreadOf(hands.map((hand) => hand.seconds));
  return {
    ratio: rounded(seconds.median / byHandSeconds.median, 2),
    seconds: rounded(seconds.median),
    byHandSeconds: rounded(byHandSeconds.median),
    spread: { seconds: roundedSpread(seconds), byHandSeconds: roundedSpread(byHandSeconds) },
    ...flowCost(flows),
    steps: stepRows(flows, hands),
  };
};
