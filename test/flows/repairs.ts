// What the tests of repairs have in common: asking for one as a person would, and what became of it.
import type { Apply } from "../../shared/events/repair-request.ts";
import type { AppliedView } from "../../shared/fleet/applied.ts";
import type { RepairReport } from "../../shared/flows/repair.ts";
import type { TestWorld } from "./world.ts";

export const askForRepair = (world: TestWorld, apply: Apply = "safe"): void =>
  world.deliver({ source: "hive-swarm", "detail-type": "Repair Requested", detail: { apply } });

export const repairExecutions = (world: TestWorld) =>
  world.executions().filter(({ name }) => name.startsWith("repair-"));

export const reportOf = ({ result = "" }: { result?: string | undefined }): RepairReport =>
  JSON.parse(result) as RepairReport;

/** What a repair does that is asked for now; what it started may still run. */
export const repaired = async (world: TestWorld, apply: Apply = "safe") => {
  // One that was asked for in the same second would be the same.
  await world.after(1);
  const before = repairExecutions(world).length;
  askForRepair(world, apply);
  await world.until(() => {
    const execution = repairExecutions(world)[before];
    return execution !== undefined && execution.status !== "RUNNING";
  }, 7200);
  const execution = repairExecutions(world)[before];
  if (execution?.status !== "SUCCEEDED")
    throw new Error(`The repair ended ${execution?.status}: ${JSON.stringify(execution?.error)}`);
  return { name: execution.name, ...reportOf(execution) };
};

/** `start-join i-0abc started`, with the flow's name where there is one. */
export const became = (applied: readonly AppliedView[]): string[] =>
  applied.map(({ kind, subject, result, flow }) => `${kind} ${subject} ${result}${flow ? ` ${flow}` : ""}`);
