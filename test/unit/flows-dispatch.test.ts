import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { Trigger } from "../../shared/events/parse.ts";
import { dispatch } from "../../shared/flows/dispatch.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { awsError, clientThat } from "./aws-client.ts";

const instanceId = "i-0123456789abcdef0" as InstanceId;
const launch: Trigger = { kind: "launch", group: "hive-workers", hook: "join", instanceId };
const terminate: Trigger = { kind: "terminate", group: "hive-workers", hook: "retire", instanceId };
const spotWarning: Trigger = { kind: "spot-warning", instanceId };

interface Scene {
  /** undefined: no group knows the instance. */
  state?: string | undefined;
  group?: string;
  /** Executions that there have been, by name. */
  executions?: Record<string, "RUNNING" | "SUCCEEDED" | "FAILED">;
}

const config = {
  workerGroups: ["other", "hive-workers"],
  managerGroups: ["hive-managers"],
  launchHook: "join",
  terminateHook: "retire",
  repositories: ["hive-*"],
  rollTags: /^latest$/,
  versionTags: /^[0-9.]+$/,
};
const functions = {
  join: "join-node",
  retire: "retire-node",
  roll: "roll-service",
  plan: "plan",
  repair: "repair",
  backup: "backup-swarm",
};

const dispatched = async (
  trigger: Trigger,
  { state, group = "hive-workers", executions = {} }: Scene = {},
) => {
  const autoScaling = clientThat<AutoScalingClient>({
    DescribeAutoScalingInstances: {
      AutoScalingInstances:
        state === undefined
          ? []
          : [{ InstanceId: instanceId, AutoScalingGroupName: group, LifecycleState: state }],
    },
  });
  const lambda = clientThat<LambdaClient>({
    ListDurableExecutionsByFunction: ({ DurableExecutionName: name }: { DurableExecutionName: string }) => ({
      DurableExecutions:
        executions[name] === undefined ? [] : [{ DurableExecutionName: name, Status: executions[name] }],
    }),
    Invoke: {},
  });
  const told: { message: string; fields: Record<string, unknown> }[] = [];
  const tell = (message: string, fields: Record<string, unknown>) => void told.push({ message, fields });
  const result = await dispatch(
    {
      autoScaling: autoScaling.client,
      lambda: lambda.client,
      config,
      functions,
      log: { info: tell, warn: tell, error: tell },
      now: () => Date.UTC(2026, 1, 1, 12, 30, 5),
    },
    trigger,
  );
  const starts = lambda.asked.filter(({ operation }) => operation === "Invoke").map(({ input }) => input);
  return { result, starts, told };
};

describe("an event", () => {
  it("of a launch starts the join of that instance, with a payload that holds nothing else of the event", async () => {
    const { result, starts, told } = await dispatched(launch, { state: "Pending:Wait" });
    const name = `join-${instanceId}-0`;
    expect(result).toEqual({ started: name, function: "join-node" });
    expect(starts).toHaveLength(1);
    expect(starts[0]).toMatchObject({
      FunctionName: "join-node",
      InvocationType: "Event",
      DurableExecutionName: name,
    });
    expect(JSON.parse(String(starts[0]?.Payload))).toEqual({
      group: "hive-workers",
      hook: "join",
      instanceId,
    });
    expect(told).toEqual([
      { message: "flow started", fields: { instanceId, trigger: "launch", flow: name } },
    ]);
  });

  it("of a termination and a Spot warning arrive at the same retirement", async () => {
    const ends = await Promise.all(
      [terminate, spotWarning].map((trigger) => dispatched(trigger, { state: "InService" })),
    );
    expect(ends[0]?.result).toEqual({ started: `retire-${instanceId}-0`, function: "retire-node" });
    expect(ends[1]?.result).toEqual(ends[0]?.result);
    expect(ends[1]?.starts).toEqual(ends[0]?.starts);
  });

  it("that comes again joins the flow that runs, by the same name", async () => {
    const name = `join-${instanceId}-0`;
    const { result, starts, told } = await dispatched(launch, {
      state: "Pending:Wait",
      executions: { [name]: "RUNNING" },
    });
    expect(result).toEqual({ joined: name, function: "join-node" });
    expect(starts).toHaveLength(1);
    expect(starts[0]?.DurableExecutionName).toBe(name);
    expect(told.map(({ message }) => message)).toEqual(["event joined a running flow"]);
  });

  it("takes the next number for each flow of that instance that has ended, however it ended", async () => {
    const { result } = await dispatched(terminate, {
      state: "Terminating:Wait",
      executions: { [`retire-${instanceId}-0`]: "SUCCEEDED", [`retire-${instanceId}-1`]: "FAILED" },
    });
    expect(result).toEqual({ started: `retire-${instanceId}-2`, function: "retire-node" });
  });

  it("of an instance with a thousand ended flows is an error: something starts them in a loop", async () => {
    const ended = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, count) => [`join-${instanceId}-${count}`, "SUCCEEDED" as const]),
    );
    await expect(dispatched(launch, { state: "Pending", executions: ended })).rejects.toThrow(
      /1000 closed executions/,
    );
  });

  it("of a launch that does not show yet counts, since the flow itself looks for a while", async () => {
    const { result, starts } = await dispatched(launch);
    expect(result).toMatchObject({ started: `join-${instanceId}-0` });
    expect(JSON.parse(String(starts[0]?.Payload))).toMatchObject({ group: "hive-workers" });
  });

  it.each([
    [launch, "Pending:Wait", "join"],
    [terminate, "Terminating:Wait", "retire"],
  ] as const)("of a manager counts as of a worker: %j", async (trigger, state, hook) => {
    const { result, starts } = await dispatched(trigger, { state, group: "hive-managers" });
    expect(result).toMatchObject({ started: `${hook}-${instanceId}-0` });
    expect(JSON.parse(String(starts[0]?.Payload))).toEqual({ group: "hive-managers", hook, instanceId });
  });

  it.each<[string, Trigger, Scene, RegExp]>([
    [
      "another hook's launch",
      { ...launch, hook: "other" },
      { state: "Pending:Wait" },
      /hook other is not ours/,
    ],
    ["the other kind's hook", { ...terminate, hook: "join" }, { state: "Terminating:Wait" }, /hook join/],
    ["a Spot warning of a machine in no group", spotWarning, {}, /no Auto Scaling group knows/],
    ["another group", launch, { state: "Pending:Wait", group: "elsewhere" }, /group elsewhere is not ours/],
    ["a forged group", { ...launch, group: "forged" }, {}, /group forged is not ours/],
  ])("of %s is ignored, and the reason is logged", async (_what, trigger, scene, because) => {
    const { result, starts, told } = await dispatched(trigger, scene);
    expect(result).toEqual({ ignored: expect.stringMatching(because) });
    expect(starts).toEqual([]);
    const ignored = (result as { ignored: string }).ignored;
    const fields = { instanceId, trigger: trigger.kind, because: ignored };
    expect(told).toEqual([{ message: "event ignored", fields }]);
  });

  it.each([
    ["Pending", true, false],
    ["Pending:Wait", true, true],
    ["Pending:Proceed", false, false],
    ["Warmed:Pending", true, undefined],
    ["Warmed:Pending:Wait", true, undefined],
    ["InService", false, true],
    ["Terminating", false, true],
    ["Terminating:Wait", false, true],
    ["Terminating:Proceed", false, false],
    ["Terminating:Retained", false, false],
    ["Terminated", false, false],
    ["Warmed:Terminating", false, true],
    ["Warmed:Terminating:Wait", false, true],
    ["Standby", false, false],
  ])("for an instance in %s is worth a join: %s, a retirement: %s", async (state, joins, retires) => {
    const isStarted = async (trigger: Trigger) => "started" in (await dispatched(trigger, { state })).result;
    expect(await isStarted(launch)).toBe(joins);
    if (retires !== undefined) expect(await isStarted(terminate)).toBe(retires);
  });

  it("goes back to EventBridge when AWS refuses", async () => {
    const autoScaling = clientThat<AutoScalingClient>({
      DescribeAutoScalingInstances: awsError("Throttling"),
    });
    const lambda = clientThat<LambdaClient>({});
    const nothing = () => {};
    await expect(
      dispatch(
        {
          autoScaling: autoScaling.client,
          lambda: lambda.client,
          config,
          functions,
          log: { info: nothing, warn: nothing, error: nothing },
          now: () => 0,
        },
        launch,
      ),
    ).rejects.toThrow("Throttling");
  });
});

describe("a request for a repair", () => {
  const name = "repair-2026-02-01T12-30-05";

  it.each<[Trigger]>([[{ kind: "repair-due", apply: "safe" }], [{ kind: "repair-by-hand", apply: "safe" }]])(
    "%j starts one under a name that carries its second",
    async (trigger) => {
      const { result, starts, told } = await dispatched(trigger);
      expect(result).toEqual({ started: name, function: "repair" });
      expect(starts).toHaveLength(1);
      expect(starts[0]).toMatchObject({ FunctionName: "repair", DurableExecutionName: name });
      expect(JSON.parse(String(starts[0]?.Payload))).toEqual({ apply: "safe" });
      expect(told).toEqual([{ message: "flow started", fields: { trigger: trigger.kind, flow: name } }]);
    },
  );
});

describe("a request for a plan", () => {
  it("starts one under a name that carries its second, and looks for no other", async () => {
    const { result, starts, told } = await dispatched({ kind: "plan-by-hand" });
    const name = "plan-2026-02-01T12-30-05";
    expect(result).toEqual({ started: name, function: "plan" });
    expect(starts).toHaveLength(1);
    expect(starts[0]).toMatchObject({ FunctionName: "plan", DurableExecutionName: name });
    expect(JSON.parse(String(starts[0]?.Payload))).toEqual({ apply: false });
    expect(told).toEqual([{ message: "flow started", fields: { trigger: "plan-by-hand", flow: name } }]);
  });
});
