// `plan` and `status` without AWS: what is asked of it, what is said when it does not answer as it should, and what is shown.
import { gzipSync } from "node:zlib";
import type { Plan } from "../../shared/fleet/actions.ts";
import type { Snapshot } from "../../shared/fleet/snapshot.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { awsError } from "./aws-client.ts";
import { hiveSwarm } from "./cli-tool.ts";

const NAME = "plan-2026-02-01T10-00-00";
const answer = (value: unknown) => Buffer.from(JSON.stringify(value));
const unread = { known: false, because: "\u001b[31mAccessDenied:\nno" } as const;

const snapshot = (changes: Partial<Snapshot> = {}): Snapshot => ({
  takenAt: "2026-02-01T10:00:00.000Z",
  members: unread,
  agents: unread,
  swarm: unread,
  balancer: undefined,
  flows: unread,
  newest: unread,
  record: unread,
  paused: unread,
  stack: unread,
  ...changes,
});

const plan = (changes: Partial<Plan> = {}): Plan => ({
  takenAt: "2026-02-01T10:00:00.000Z",
  holds: [],
  unknown: [],
  actions: [],
  ...changes,
});

const reported = (planned: unknown, pictured: unknown) => ({
  Status: "SUCCEEDED",
  Result: JSON.stringify({
    plan: planned,
    snapshot: gzipSync(JSON.stringify(pictured)).toString("base64"),
  }),
});

const lambdaThat = (GetDurableExecution: unknown) => ({
  Invoke: { Payload: answer({ started: NAME, function: "hive-swarm-dev-plan" }) },
  ListDurableExecutionsByFunction: {
    DurableExecutions: [{ DurableExecutionName: NAME, DurableExecutionArn: "arn:1" }],
  },
  GetDurableExecution,
});

const showing = (command: "plan" | "status", planned: unknown, pictured: unknown = snapshot()) =>
  hiveSwarm([command], { lambda: lambdaThat(reported(planned, pictured)) });

describe("a look at the cluster", () => {
  it("is asked of dispatch, and waited for until it has ended", async () => {
    let looks = 0;
    const GetDurableExecution = () => (++looks < 4 ? { Status: "RUNNING" } : reported(plan(), snapshot()));
    const { code, asked } = await hiveSwarm(["plan", "--stage", "prod"], {
      lambda: lambdaThat(GetDurableExecution),
    });
    expect(code).toBe(0);
    expect(looks).toBe(4);
    const [invoked, listed] = asked;
    expect(invoked?.input.FunctionName).toBe("hive-swarm-prod-dispatch");
    expect(JSON.parse(String(invoked?.input.Payload))).toEqual({
      source: "hive-swarm",
      "detail-type": "Plan Requested",
      detail: {},
    });
    expect(listed?.input).toMatchObject({
      FunctionName: "hive-swarm-prod-plan",
      DurableExecutionName: NAME,
    });
  });

  it.each([
    [{ Status: "FAILED", Error: { ErrorMessage: "report: no" } }, "failed: FAILED: report: no"],
    [{ Status: "TIMED_OUT" }, "failed: TIMED_OUT: no error was given"],
    [{ Status: "RUNNING" }, "has not ended after an hour"],
  ])("that ended as %j is told with its log group, and ends with 3", async (execution, words) => {
    const { code, stdout, stderr } = await hiveSwarm(["plan"], { lambda: lambdaThat(execution) });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain(`hive-swarm-dev-plan in ap-northeast-1 (${NAME}) ${words}\n`);
    expect(stderr).toContain("/aws/lambda/hive-swarm-dev-plan");
  });

  it.each([
    ["no report", { Status: "SUCCEEDED", Result: "42" }],
    ["nothing", { Status: "SUCCEEDED" }],
    ["a plan of another form", reported({ todo: [] }, snapshot())],
    ["a snapshot of another form", reported(plan(), { members: [] })],
    ["a snapshot that is not packed", { Status: "SUCCEEDED", Result: '{"plan":{},"snapshot":"x"}' }],
  ])("that reported %s is told so, and ends with 3", async (_what, execution) => {
    const { code, stderr } = await hiveSwarm(["status"], { lambda: lambdaThat(execution) });
    expect(code).toBe(3);
    expect(stderr).toContain("reported something else than it should");
    expect(stderr).toContain("Is what is deployed as new as this tool?");
  });

  it("names the permission that is missing", async () => {
    const { code, stderr } = await hiveSwarm(["plan"], {
      lambda: lambdaThat(awsError("AccessDeniedException")),
    });
    expect(code).toBe(3);
    expect(stderr).toContain("You need the permission lambda:GetDurableExecution on hive-swarm-dev-plan.");
  });

  it("that dispatch does not know is told with what may be wrong", async () => {
    const lambda = { Invoke: { Payload: answer({ ignored: "not mine" }) } };
    const { code, stderr } = await hiveSwarm(["plan"], { lambda });
    expect(code).toBe(3);
    expect(stderr).toContain("did not look: not mine.\nIs what is deployed as new");
  });

  it("takes no words", async () => {
    for (const command of ["plan", "status"])
      expect(await hiveSwarm([command, "i-0abc"])).toMatchObject({ code: 2, asked: [] });
  });
});

const action = {
  kind: "start-join",
  subject: "i-0123456789abcdef0",
  reason: "it waits\u001b[2K\nfor a flow",
  fact: "A1",
  risk: "safe",
} as const;

describe("a plan", () => {
  it("of nothing ends with 0", async () => {
    expect(await showing("plan", plan())).toMatchObject({ code: 0 });
  });

  it.each<[string, Partial<Plan>]>([
    ["an action", { actions: [action] }],
    ["a hold", { holds: ["no leader"] }],
    ["something that could not be judged", { unknown: ["swarm"] }],
  ])("with %s ends with 1", async (_what, changes) => {
    expect(await showing("plan", plan(changes))).toMatchObject({ code: 1 });
  });

  it("shows what others wrote without what would move a cursor", async () => {
    const changes = {
      actions: [action, { ...action, risk: "person", fact: "" }],
      holds: ["a\nb"],
      unknown: ["c\td"],
    };
    const { stdout } = await showing("plan", { ...plan(), ...changes });
    expect(stdout.split("\n").slice(2)).toEqual([
      "Action      On                   Risk    Fact  Reason",
      "start-join  i-0123456789abcdef0  safe    A1    it waits for a flow",
      "start-join  i-0123456789abcdef0  person  -     it waits for a flow",
      "",
      "Held, nothing of this may be done without a person:",
      "  a b",
      "",
      "Not judged, because it could not be read:",
      "  c d",
      "",
      "2 to do, 1 of them safe. Nothing was changed: this is a plan.",
      "",
    ]);
  });
});

describe("a status", () => {
  it("of which nothing could be read says why, part by part", async () => {
    const { code, stdout } = await showing("status", plan());
    expect(code).toBe(0);
    const parts = stdout.trimEnd().split("\n\n").slice(1);
    const titles = ["Pause", "Groups", "Instances", "Nodes", "Services", "Newest images", "Flows under way"];
    expect(parts).toEqual(titles.map((title) => `${title}\n  unknown: AccessDenied: no`));
  });

  it("tells what is not known of an instance from what it has not", async () => {
    const instanceId = "i-0123456789abcdef0" as InstanceId;
    const member = {
      instanceId,
      group: "hive-workers",
      role: "worker",
      lifecycleState: "InService",
      healthy: false,
    } as const;
    const rows = async (changes: Partial<Snapshot>) => {
      const { stdout } = await showing(
        "status",
        plan(),
        snapshot({ members: { known: true, value: [member] }, ...changes }),
      );
      return stdout.split("\n").filter((line) => line.startsWith(instanceId));
    };
    expect(await rows({})).toEqual([
      `${instanceId}  hive-workers  InService  unhealthy  unknown  unknown  -`,
    ]);
    expect(
      await rows({
        agents: { known: true, value: [] },
        swarm: { known: true, value: { nodes: [], services: [] } },
        balancer: { known: true, value: { attached: false, members: [] } },
      }),
    ).toEqual([`${instanceId}  hive-workers  InService  unhealthy  none   none  none`]);
  });

  it("marks a leader, a manager that is out of reach, and a node that retires", async () => {
    const node = {
      nodeId: "n1",
      instanceId: "",
      address: "",
      role: "manager",
      state: "ready",
      availability: "active",
      leader: true,
      reachability: "reachable",
      retiring: false,
      activeSince: "",
      running: 0,
      cpus: 2,
      missing: [],
    } as const;
    const nodes = [
      node,
      { ...node, nodeId: "n2", leader: false, reachability: "unreachable" },
      {
        ...node,
        nodeId: "n3",
        role: "worker",
        leader: false,
        reachability: "",
        availability: "drain",
        retiring: true,
        running: 2,
        cpus: 2,
        missing: [],
      },
    ] as const;
    const { stdout } = await showing(
      "status",
      plan(),
      snapshot({ swarm: { known: true, value: { nodes, services: [] } } }),
    );
    expect(
      stdout
        .split("\n")
        .filter((line) => /^n\d/.test(line))
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ["n1", "-", "-", "leader", "ready", "active", "0"],
      ["n2", "-", "-", "manager", "ready unreachable", "active", "0"],
      ["n3", "-", "-", "worker", "ready", "drain retiring", "2"],
    ]);
  });
});
