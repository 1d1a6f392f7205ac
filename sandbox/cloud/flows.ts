// Durable executions in words for people: which flow, which steps, how long each took.
import type { FlowReport, StepReport } from "../demo/report.ts";
import type { Execution, Operation } from "../lambda/execution.ts";

/** Steps and polls that have a name; the engine's own operations have none. */
export const finishedSteps = (
  execution: Execution,
): (StepReport & { id: string; failed: boolean; at: number })[] =>
  [...execution.operations.values()].flatMap((operation) => {
    const { Id: id, Name: name, Status, EndTimestamp } = operation;
    if (name === undefined || EndTimestamp === undefined || operation.Type === "EXECUTION") return [];
    const at = Date.parse(EndTimestamp);
    return [{ id, name, at, seconds: secondsOf(operation), failed: Status === "FAILED" }];
  });

export const flowReport = (execution: Execution): FlowReport => ({
  name: execution.name,
  function: execution.functionName,
  status: execution.status,
  seconds: ((execution.endedAt ?? Date.now()) - execution.startedAt) / 1000,
  steps: finishedSteps(execution).map(({ name, seconds }) => ({ name, seconds })),
});

/** Flows are named after what they are about: `retire-i-0123456789abcdef0-0`. */
export const instanceOf = (text: string): string | undefined => /\bi-[0-9a-f]{8,17}\b/.exec(text)?.[0];

const secondsOf = ({ StartTimestamp, EndTimestamp }: Operation): number =>
  EndTimestamp === undefined ? 0 : (Date.parse(EndTimestamp) - Date.parse(StartTimestamp)) / 1000;
