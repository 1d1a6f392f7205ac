// The report as people read it, and the flows as they are reported.
import { inWords } from "../../sandbox/cli/status.ts";
import { finishedSteps, flowReport, instanceOf } from "../../sandbox/cloud/flows.ts";
import { isSettled } from "../../sandbox/cloud/settled.ts";
import type { InstanceStatus, Status } from "../../sandbox/cloud/status.ts";
import { present } from "../../sandbox/demo/present.ts";
import { LAUNCHING, type Report } from "../../sandbox/demo/report.ts";
import type { Execution, Operation } from "../../sandbox/lambda/execution.ts";

const operation = (more: Partial<Operation>): [string, Operation] => {
  const id = more.Id ?? "1";
  return [
    id,
    {
      Id: id,
      Type: "STEP",
      Status: "SUCCEEDED",
      Name: "look",
      StartTimestamp: "2026-01-01T00:00:00.000Z",
      ...more,
    },
  ];
};
const execution = (...operations: [string, Operation][]): Execution => ({
  arn: "arn",
  functionName: "hive-swarm-dev-join-node",
  functionArn: "arn",
  version: "1",
  name: "join-i-0123456789abcdef0-0",
  payload: "{}",
  status: "SUCCEEDED",
  startedAt: Date.UTC(2026, 0, 1),
  endedAt: Date.UTC(2026, 0, 1, 0, 0, 9),
  operations: new Map(operations),
  events: [],
  invocations: 1,
});

describe("a flow's report", () => {
  it("has each named operation that has ended, with how long it took", () => {
    const report = flowReport(
      execution(
        operation({ Id: "1", EndTimestamp: "2026-01-01T00:00:01.500Z" }),
        operation({ Id: "2", Name: "still running", Status: "STARTED" }),
        operation({ Id: "3", Type: "EXECUTION", EndTimestamp: "2026-01-01T00:00:09.000Z" }),
      ),
    );
    expect(report).toEqual({
      name: "join-i-0123456789abcdef0-0",
      function: "hive-swarm-dev-join-node",
      status: "SUCCEEDED",
      seconds: 9,
      steps: [{ name: "look", seconds: 1.5 }],
    });
  });

  it("marks a step that failed", () => {
    const failed = operation({ Status: "FAILED", EndTimestamp: "2026-01-01T00:00:01.000Z" });
    expect(finishedSteps(execution(failed))).toMatchObject([{ failed: true }]);
  });

  it("belongs to the instance in its name", () => {
    expect(instanceOf("retire-i-0123456789abcdef0-1")).toBe("i-0123456789abcdef0");
    expect(instanceOf("roll-hive-web")).toBeUndefined();
  });
});

describe("the report for people", () => {
  const report: Report = {
    passed: false,
    broken: [],
    seconds: 60,
    phases: [{ name: "The group grows", seconds: 12.34 }],
    requests: { sent: 1000, failed: 2, reasons: {}, slowestMilliseconds: 9 },
    logLines: { written: 998, shipped: 995, lost: [] },
    hooks: [
      {
        instanceId: "i-0123",
        transition: LAUNCHING,
        hook: "join",
        result: "CONTINUE",
        completions: 1,
        seconds: 9,
      },
      {
        instanceId: "i-0124",
        transition: LAUNCHING,
        hook: "join",
        result: "ABANDON",
        completions: 0,
        seconds: 9,
      },
    ],
    flows: [
      {
        name: "join-i-0123456789abcdef0-0",
        function: "f",
        status: "SUCCEEDED",
        seconds: 3,
        steps: [
          { name: "find managers", seconds: 1 },
          { name: "find managers", seconds: 0.5 },
          { name: "read hook", seconds: 0.04 },
        ],
      },
      {
        name: "retire-i-0123456789abcdef0-0",
        function: "f",
        status: "SUCCEEDED",
        seconds: 3,
        steps: [{ name: "drain node", seconds: 2 }],
      },
      {
        name: "join-i-0123456789abc4567-0",
        function: "f",
        status: "SUCCEEDED",
        seconds: 3,
        steps: [{ name: "join host", seconds: 0.25 }],
      },
    ],
  };
  const lines = present(report)
    .split("\n")
    .map((line) => line.replaceAll(/ +/g, " ").trim());

  it("shows phases, hooks and losses", () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        "The group grows 12.3",
        "join (launch) i-0123 CONTINUE once 9.0",
        "join (launch) i-0124 ABANDON 0 times 9.0",
        "Requests 1000 2",
        "Log lines 998 3",
      ]),
    );
  });

  it("shows the steps of each kind of flow apart, adds up one that ran twice, and leaves out what took no time", () => {
    const from = lines.indexOf("Seconds of each join def0 4567");
    expect(lines.slice(from, from + 7)).toEqual([
      "Seconds of each join def0 4567",
      "find managers 1.5 0.0",
      "join host 0.0 0.3",
      "",
      "Seconds of each retire def0",
      "drain node 2.0",
      "",
    ]);
  });
});

describe("a settled group", () => {
  const worker: InstanceStatus = {
    instanceId: "i-1",
    group: "hive-workers",
    address: "10.78.0.11",
    lifecycleState: "InService",
    agent: "Online",
    node: {
      id: "n",
      hostname: "h",
      role: "worker",
      state: "ready",
      availability: "active",
      instanceId: "i-1",
    },
    runningTasks: 1,
    balancer: { instanceId: "i-1", state: "InService", description: "N/A" },
  };
  const status = (...instances: InstanceStatus[]): Status => ({
    instances,
    desired: {},
    pendingTasks: 0,
    runningFlows: [],
    shippedLines: 0,
  });

  it.each(["active", "drain"])("is shown in 80 columns, whatever its nodes do (%s)", (availability) => {
    const instanceId = "i-0123456789abcdef0";
    const node = worker.node && { ...worker.node, availability };
    const lifecycleState = "Terminating:Proceed";
    const balancer = { instanceId, state: "OutOfService", description: "N/A" };
    const shown = inWords({
      ...status({ ...worker, instanceId, agent: "ConnectionLost", node, lifecycleState, balancer }),
      desired: { "hive-managers": 1, "hive-workers": 1 },
    });
    expect(shown).toMatch(
      new RegExp(
        `hive-workers: 1 wanted\nInstance .*\n${instanceId}  Terminating:Proceed  lost +${availability} +1 +Out`,
      ),
    );
    expect(Math.max(...shown.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("has so many workers in service everywhere, and no flow under way", () => {
    expect(isSettled(status(worker), 1)).toBe(true);
    expect(isSettled(status(), 0)).toBe(true);
  });

  it.each<[string, Status]>([
    ["another number of workers", status(worker, worker)],
    ["a worker that still waits", status({ ...worker, lifecycleState: "Pending:Wait" })],
    ["a worker that is not in the swarm", status({ ...worker, node: undefined })],
    ["a worker that is not behind the load balancer", status({ ...worker, balancer: undefined })],
    ["a flow under way", { ...status(worker), runningFlows: ["join-i-1-0"] }],
  ])("does not have %s", (_what, unsettled) => {
    expect(isSettled(unsettled, 1)).toBe(false);
  });
});
