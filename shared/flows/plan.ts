// Looks at everything and says what is wrong with it, and what would put it right. It changes nothing.
import { gzipSync } from "node:zlib";
import type { Plan } from "../fleet/actions.ts";
import { planRepair } from "../fleet/plan.ts";
import type { Snapshot } from "../fleet/snapshot.ts";
import { flowMeasured } from "../metrics.ts";
import type { Flow } from "./flow.ts";
import { takeSnapshot } from "./repair-snapshot.ts";
import type { RepairWorld } from "./world.ts";

export interface PlanReport {
  plan: Plan;
  /** What it was made of: the snapshot as JSON, gzip, base64. A fleet's would be too long to be kept as it is. */
  snapshot: string;
}

export const planCluster = async (flow: Flow, world: RepairWorld): Promise<PlanReport> => {
  const { plan, snapshot } = await makePlan(flow, world, { counts: true });
  return { plan, snapshot: packed(snapshot) };
};

/** The plan, and what it was made of, as the log has it too. @param options.counts as a flow of its own; a repair tells its own end */
export const makePlan = async (
  flow: Flow,
  world: RepairWorld,
  { counts }: { counts: boolean },
): Promise<{ plan: Plan; snapshot: Snapshot }> => {
  const snapshot = await takeSnapshot(flow, world);
  const plan = planRepair(snapshot, { ...world.config, self: flow.name });
  await flow.step("report", async () => {
    const { holds, unknown, actions } = plan;
    const kinds = actions.map(({ kind, subject }) => `${kind} ${subject}`).slice(0, MOST_TOLD);
    const record = { flow: flow.name, actions: actions.length, kinds, holds, unknown };
    const reserved = holds.length + unknown.length > 0;
    const measured = counts ? flowMeasured(flow.name, "done", secondsSince(world, snapshot)) : undefined;
    if (reserved) world.log.warn("plan, with reservations", record, measured);
    else world.log.info("plan", record, measured);
  });
  return { plan, snapshot };
};

/** Of the whole flow: it begins with the look. Read in steps only. */
export const secondsSince = (world: RepairWorld, { takenAt }: Snapshot): number =>
  (world.now() - Date.parse(takenAt)) / 1000;

/** A log record is for the eye; all of them stand in the result. */
const MOST_TOLD = 20;

export const packed = (snapshot: Snapshot): string => gzipSync(JSON.stringify(snapshot)).toString("base64");
