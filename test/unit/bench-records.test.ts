// What the benchmark reads from the records of the cloud: histories of executions, and AWS calls.
import fc from "fast-check";
import { countCalls, sentCommands } from "../../bench/calls.ts";
import { billedMilliseconds, costOf, type HistoryEvent, sharesOf } from "../../bench/history.ts";
import { medianOf, spreadOf } from "../../bench/statistics.ts";
import type { CallRecord } from "../../sandbox/aws/handle.ts";

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** As the sandbox's Lambda tells it: `look` took one check, `host answers` three, `read hook` is a step. */
const history: HistoryEvent[] = [
  { EventType: "ExecutionStarted", EventTimestamp: at(1) },
  { EventType: "StepSucceeded", EventTimestamp: at(2), Id: "1", Name: "look", SubType: "WaitForCondition" },
  { EventType: "StepSucceeded", EventTimestamp: at(3), Id: "2", Name: "read hook", SubType: "Step" },
  {
    EventType: "StepStarted",
    EventTimestamp: at(3),
    Id: "3",
    Name: "host answers",
    SubType: "WaitForCondition",
  },
  {
    EventType: "StepFailed",
    EventTimestamp: at(4),
    Id: "3",
    Name: "host answers",
    SubType: "WaitForCondition",
  },
  {
    EventType: "InvocationCompleted",
    InvocationCompletedDetails: { StartTimestamp: at(1), EndTimestamp: at(4) },
  },
  {
    EventType: "StepFailed",
    EventTimestamp: at(5),
    Id: "3",
    Name: "host answers",
    SubType: "WaitForCondition",
  },
  {
    EventType: "StepSucceeded",
    EventTimestamp: at(7),
    Id: "3",
    Name: "host answers",
    SubType: "WaitForCondition",
  },
  { EventType: "StepSucceeded", EventTimestamp: at(12), Id: "4", Name: "complete CONTINUE", SubType: "Step" },
  { EventType: "StepSucceeded", EventTimestamp: at(14), Id: "5", Name: "report", SubType: "Step" },
  {
    EventType: "InvocationCompleted",
    InvocationCompletedDetails: { StartTimestamp: at(6), EndTimestamp: at(14) },
  },
];

describe("the cost of an execution", () => {
  it("counts a step once, and a poll once and once more for each check", () => {
    // look 1 + 1, read hook 1, host answers 1 + 3, complete 1, report 1.
    expect(costOf(history).operations).toBe(9);
  });

  it("bills the time within invocations, each rounded up to a millisecond", () => {
    expect(billedMilliseconds(costOf(history).invocations)).toBe(11_000);
    expect(billedMilliseconds([{ startedAt: 0.5, endedAt: 1 }])).toBe(1);
  });

  it("takes times as dates too, as the SDK's client gives them", () => {
    const dated = history.map((event) => ({
      ...event,
      ...(typeof event.EventTimestamp === "string" && { EventTimestamp: new Date(event.EventTimestamp) }),
    }));
    expect(costOf(dated)).toEqual(costOf(history));
  });
});

describe("the shares of a flow's steps", () => {
  it("begin with the way from the event to the flow and end with the hook", () => {
    const shares = sharesOf(costOf(history), { startedAt: 500, endedAt: 11_000 });
    expect(shares).toEqual([
      { name: "event → flow", seconds: 0.5 },
      { name: "look", seconds: 1 },
      { name: "read hook", seconds: 1 },
      { name: "host answers", seconds: 4 },
      { name: "complete CONTINUE", seconds: 4 },
    ]);
  });

  it("add up to the whole, however the steps lie", () => {
    const ends = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(ends, fc.integer({ min: 0, max: 100_000 }), (times, startedAt) => {
        const steps = times.sort((a, b) => a - b).map((endedAt, index) => ({ name: `s${index}`, endedAt }));
        const hook = { startedAt: 50_000, endedAt: Math.max(50_000, steps.at(-1)?.endedAt ?? 0) };
        const shares = sharesOf({ startedAt, steps, operations: 0, invocations: [] }, hook);
        const sum = shares.reduce((all, { seconds }) => all + seconds, 0);
        expect(sum).toBeCloseTo((hook.endedAt - hook.startedAt) / 1000, 6);
        expect(shares.every(({ seconds }) => seconds >= 0)).toBe(true);
      }),
    );
  });
});

const call = (time: number, principal: string, operation: string, more: Partial<CallRecord> = {}) =>
  ({ time, milliseconds: 1, principal, service: "ssm", operation, input: {}, ...more }) satisfies CallRecord;

describe("the count of AWS calls", () => {
  it("tells the functions' from the engine's, from the hosts' and from everybody else's", () => {
    const calls = [
      call(9, "function:a", "SendCommand"),
      call(10, "function:a", "SendCommand"),
      call(11, "function:a", "GetCommandInvocation"),
      call(12, "function:b", "GetCommandInvocation"),
      call(13, "function:a", "CheckpointDurableExecution", { service: "lambda" }),
      call(14, "instance:i-0", "GetParameter"),
      call(15, "operator", "DescribeInstanceInformation"),
      call(21, "function:a", "SendCommand"),
    ];
    expect(countCalls(calls, { startedAt: 10, endedAt: 20 })).toEqual({
      total: 3,
      byOperation: { "ssm SendCommand": 1, "ssm GetCommandInvocation": 2 },
      checkpoints: 1,
      byHosts: 1,
    });
  });

  it("finds what a flow sent by the comment, and leaves out what was refused", () => {
    const input = (Comment: string) => ({
      DocumentName: "hive-swarm-dev-drain-node",
      InstanceIds: ["i-0a"],
      Parameters: { nodeId: ["n1"], executionTimeout: ["60"] },
      Comment,
    });
    const error = { code: "InvalidInstanceId", message: "" };
    const calls = [
      call(1, "function:r", "SendCommand", { input: input("retire-i-0b-0"), error }),
      call(2, "function:r", "SendCommand", { input: input("retire-i-0b-0") }),
      call(3, "function:r", "SendCommand", { input: input("retire-i-0c-0") }),
    ];
    expect(sentCommands(calls, "retire-i-0b-0")).toEqual([
      {
        time: 2,
        document: "hive-swarm-dev-drain-node",
        instanceId: "i-0a",
        parameters: { nodeId: "n1", executionTimeout: "60" },
      },
    ]);
  });
});

describe("the median", () => {
  it("is the value in the middle, or half way between the two there", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(medianOf([4, 1, 3, 2])).toBe(2.5);
  });

  it("does not exist for nothing", () => {
    expect(() => medianOf([])).toThrow(RangeError);
  });
});
