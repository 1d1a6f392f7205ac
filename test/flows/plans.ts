// What the tests of plans have in common: asking for one as a person would, and what it found.
import { gunzipSync } from "node:zlib";
import type { Action } from "../../shared/fleet/actions.ts";
import type { Known, Snapshot } from "../../shared/fleet/snapshot.ts";
import type { PlanReport } from "../../shared/flows/plan.ts";
import type { TestWorld } from "./world.ts";

/** As the command line tool asks dispatch. */
export const askForPlan = (world: TestWorld): void =>
  world.deliver({ source: "hive-swarm", "detail-type": "Plan Requested", detail: {} });

export const planExecutions = (world: TestWorld) =>
  world.executions().filter(({ name }) => name.startsWith("plan-"));

type Execution = ReturnType<typeof planExecutions>[number];

const snapshotOf = ({ snapshot }: PlanReport): Snapshot =>
  JSON.parse(gunzipSync(Buffer.from(snapshot, "base64")).toString("utf8")) as Snapshot;

/** Names of the parts that could not be read. */
export const partsUnknown = ({ result = "" }: Execution): string[] => {
  const { takenAt: _, ...parts } = snapshotOf(JSON.parse(result) as PlanReport);
  return Object.entries(parts as Record<string, Known<unknown>>)
    .filter(([, part]) => !part.known)
    .map(([name]) => name);
};

/** What a look at the cluster finds now; nothing else has to come to an end for it. */
export const look = async (world: TestWorld) => {
  const before = planExecutions(world).length;
  askForPlan(world);
  await world.until(() => {
    const execution = planExecutions(world)[before];
    return execution !== undefined && execution.status !== "RUNNING";
  }, 3600);
  const execution = planExecutions(world)[before];
  if (execution?.status !== "SUCCEEDED")
    throw new Error(`The look ended ${execution?.status}: ${JSON.stringify(execution?.error)}`);
  const report = JSON.parse(execution.result ?? "") as PlanReport;
  return { name: execution.name, plan: report.plan, snapshot: snapshotOf(report) };
};

/** `start-join i-0abc`, the risk after it where it is not a safe one. */
export const told = (actions: readonly Action[]): string[] =>
  actions.map(({ kind, subject, risk }) => `${kind} ${subject}${risk === "safe" ? "" : ` (${risk})`}`);
