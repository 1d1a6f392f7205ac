// What the tests of repairs ask of the real swarm: a plan, a repair, and what came of them, asked for as people ask.
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { Sandbox } from "../../sandbox/cli/session.ts";
import { names } from "../../sandbox/cloud/configuration.ts";
import type { EngineNode, EngineTask } from "../../sandbox/cloud/engine.ts";
import type { Apply } from "../../shared/events/repair-request.ts";
import type { Plan } from "../../shared/fleet/actions.ts";
import type { PlanReport } from "../../shared/flows/plan.ts";
import type { RepairReport } from "../../shared/flows/repair.ts";
import { manager } from "./rolls.ts";

/** As the command line asks: through dispatch, which answers with the execution at which the request has arrived. */
const ask = async (sandbox: Sandbox, detailType: string, detail: object): Promise<unknown> => {
  const event = { source: "hive-swarm", "detail-type": detailType, detail };
  const invoke = new InvokeCommand({
    FunctionName: "hive-swarm-dev-dispatch",
    Payload: JSON.stringify(event),
  });
  const { Payload, FunctionError } = await sandbox.lambda.send(invoke);
  const answer = new TextDecoder().decode(Payload);
  const { started, joined } = JSON.parse(answer) as { started?: string; joined?: string };
  const name = started ?? joined;
  if (FunctionError !== undefined || name === undefined) throw new Error(`dispatch answered ${answer}`);
  const ended = await sandbox.until(`the end of ${name}`, async () =>
    (await sandbox.control.executions()).find((one) => one.name === name && one.status !== "RUNNING"),
  );
  if (ended.status !== "SUCCEEDED") throw new Error(`${name} ended as ${ended.status}: ${ended.error}`);
  return JSON.parse(ended.result ?? "null");
};

export const planOf = async (sandbox: Sandbox): Promise<Plan> =>
  ((await ask(sandbox, "Plan Requested", {})) as PlanReport).plan;

export const repairWith = async (sandbox: Sandbox, apply: Apply): Promise<RepairReport> =>
  (await ask(sandbox, "Repair Requested", { apply })) as RepairReport;

/** What a repair can do nothing about: a person ends it, elsewhere. */
export const forEyes = ({ kind }: { kind: string }): boolean => kind.startsWith("look-at");

export const named = ({ kind, subject }: { kind: string; subject: string }): string => `${kind} ${subject}`;

/** The swarm's nodes, as a manager that answers has them. */
export const nodesOf = async (sandbox: Sandbox): Promise<EngineNode[]> =>
  (await manager(sandbox)).get<EngineNode[]>("/nodes");

/** @throws where it has not exactly one */
export const nodeOf = async (sandbox: Sandbox, instanceId: string): Promise<EngineNode> => {
  const [node, ...others] = (await nodesOf(sandbox)).filter(
    ({ Spec }) => Spec.Labels?.[names.instanceLabel] === instanceId,
  );
  if (!node || others.length > 0)
    throw new Error(`${instanceId} has ${others.length + (node ? 1 : 0)} nodes`);
  return node;
};

/** A person's write, by compare-and-swap as `docker node update` makes it. */
export const changeNode = async (
  sandbox: Sandbox,
  instanceId: string,
  how: (spec: EngineNode["Spec"]) => EngineNode["Spec"],
): Promise<EngineNode> => {
  const engine = await manager(sandbox);
  for (let attempt = 1; ; attempt++) {
    const node = await nodeOf(sandbox, instanceId);
    try {
      await engine.post(`/nodes/${node.ID}/update?version=${node.Version.Index}`, how(node.Spec));
      return node;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
};

/** Ids of the tasks of a service that run, in order. */
export const runningTasks = async (sandbox: Sandbox, service: string): Promise<string[]> => {
  const filters = encodeURIComponent(JSON.stringify({ service: [service], "desired-state": ["running"] }));
  const tasks = await (await manager(sandbox)).get<EngineTask[]>(`/tasks?filters=${filters}`);
  return tasks
    .filter(({ Status }) => Status.State === "running")
    .map(({ ID }) => ID)
    .sort();
};

/** Every lifecycle action so far was answered by a call, and once. */
export const expectHooksAnswered = async (sandbox: Sandbox): Promise<void> => {
  const records = await sandbox.control.hookRecords();
  const wrong = records.filter(
    ({ endedAt, by, completions }) => endedAt !== undefined && (by !== "call" || completions !== 1),
  );
  expect(wrong).toEqual([]);
};
