// What a durable execution cost, read from its history (GetDurableExecutionHistory, as Lambda tells it).

import { sumOf } from "./statistics.ts";

/** The part of a history event that is of use here. */
export interface HistoryEvent {
  EventType?: string | undefined;
  EventTimestamp?: Date | string | undefined;
  Id?: string | undefined;
  Name?: string | undefined;
  SubType?: string | undefined;
  InvocationCompletedDetails?:
    | { StartTimestamp?: Date | string | undefined; EndTimestamp?: Date | string | undefined }
    | undefined;
}

/** Times in milliseconds since the epoch. */
export interface Span {
  startedAt: number;
  endedAt: number;
}

export interface ExecutionCost {
  startedAt: number;
  /** Steps and polls in the order in which they ended. */
  steps: { name: string; endedAt: number }[];
  /** As Lambda counts them: a step is one, a poll one and one more for each of its checks. */
  operations: number;
  invocations: Span[];
}

const time = (value: Date | string | undefined): number => new Date(value ?? Number.NaN).getTime();

export const costOf = (events: readonly HistoryEvent[]): ExecutionCost => {
  const polls = new Set<string>();
  const cost: ExecutionCost = { startedAt: Number.NaN, steps: [], operations: 0, invocations: [] };
  for (const event of events) {
    const { EventType = "", EventTimestamp, Id = "", Name = "", SubType } = event;
    if (EventType === "ExecutionStarted") cost.startedAt = time(EventTimestamp);
    if (EventType === "InvocationCompleted") {
      const { StartTimestamp, EndTimestamp } = event.InvocationCompletedDetails ?? {};
      cost.invocations.push({ startedAt: time(StartTimestamp), endedAt: time(EndTimestamp) });
    }
    if (EventType === "StepSucceeded" || EventType === "StepFailed") {
      cost.operations++;
      if (SubType === "WaitForCondition" && !polls.has(Id)) {
        polls.add(Id);
        cost.operations++;
      }
    }
    if (EventType === "StepSucceeded") cost.steps.push({ name: Name, endedAt: time(EventTimestamp) });
  }
  return cost;
};

/** What Lambda bills for: whole milliseconds of each invocation. */
export const billedMilliseconds = (invocations: readonly Span[]): number =>
  sumOf(invocations.map(({ startedAt, endedAt }) => Math.ceil(endedAt - startedAt)));

export interface Share {
  name: string;
  seconds: number;
}

/**
 * Cuts the time from the event to the end of the hook into the shares of the steps: each has the time since the one before ended,
 * the engine's own included, so that the shares add up to the whole.
 */
export const sharesOf = ({ startedAt, steps }: ExecutionCost, hook: Span): Share[] => {
  const shares: Share[] = [];
  let until = hook.startedAt;
  const share = (name: string, at: number): void => {
    const end = Math.min(Math.max(at, until), hook.endedAt);
    shares.push({ name, seconds: (end - until) / 1000 });
    until = end;
  };
  share("event → flow", startedAt);
  for (const { name, endedAt } of steps) {
    if (until === hook.endedAt) break;
    share(name, endedAt);
  }
  return shares;
};
