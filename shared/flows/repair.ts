// Looks at everything, says what is wrong with it, and does of that what was asked. What it does is decided on the plan that it made
// itself, a moment ago: what somebody was shown before may be done, or wrong, by now.
import type { Plan } from "../fleet/actions.ts";
import type { AppliedView } from "../fleet/applied.ts";
import { chooseActions } from "../fleet/chosen.ts";
import { holdsFor } from "../fleet/guards.ts";
import type { Snapshot } from "../fleet/snapshot.ts";
import { flowMeasured } from "../metrics.ts";
import { applyActions } from "./apply/index.ts";
import type { Flow } from "./flow.ts";
import { readWaits, tellGauges } from "./gauges.ts";
import { makePlan, type PlanReport, packed, secondsSince } from "./plan.ts";
import type { RepairRequest } from "./repair-request.ts";
import type { RepairWorld } from "./world.ts";

export interface RepairReport extends PlanReport {
  /** What was asked for, and what became of it. */
  applied: readonly AppliedView[];
}

/** No command waits longer for a manager than this after the plan was made: it would be of another world. */
const APPLY_SECONDS = 600;

export const repair = async (
  flow: Flow,
  world: RepairWorld,
  { apply }: RepairRequest,
): Promise<RepairReport> => {
  const { plan, snapshot } = await makePlan(flow, world, { counts: false });
  const waits = await readWaits(flow, world, snapshot);
  const { todo, left } = chooseActions(plan, apply, holdsFor);
  const now = await flow.step("apply begins", async () => {
    tellGauges(flow, world, snapshot, waits);
    return world.now();
  });
  const deadline = now + APPLY_SECONDS * 1000;
  const byPerson = typeof apply === "object";
  const lease = { about: {}, deadline, globalDeadline: deadline, endedAt: now };
  const done = await applyActions({ flow, world, plan, snapshot, lease, byPerson }, todo);
  const applied = [...done, ...left];
  await flow.step("report applied", async () => tell(flow, world, { plan, snapshot }, apply, applied));
  return { plan, snapshot: packed(snapshot), applied };
};

const tell = (
  { name: flow }: Flow,
  world: RepairWorld,
  { plan: { holds }, snapshot }: { plan: Plan; snapshot: Snapshot },
  apply: RepairRequest["apply"],
  applied: readonly AppliedView[],
): void => {
  const { log } = world;
  for (const { flow: started, ...view } of applied) {
    const record = { flow, ...view, ...(started && { started }) };
    if (view.result === "failed") log.error("action failed", record);
    else log.info(`action ${view.result}`, record);
  }
  const failed = applied.some(({ result }) => result === "failed");
  const outcome = failed ? "failed" : holds.length > 0 ? "held" : "done";
  log.info(`repair ${outcome}`, { flow }, flowMeasured(flow, outcome, secondsSince(world, snapshot)));
  if (apply === false || holds.length === 0) return;
  // What somebody wants so, or another repair is at, wakes nobody.
  if (holds.every((hold) => /^(paused|repair-)/.test(hold))) log.warn("plan held", { flow, holds });
  else log.error("plan held", { flow, holds });
};
