// The gauges of a repair: read where the picture does not have it already, and told once.
import { activityStarts } from "../aws/auto-scaling.ts";
import { gaugesOf, type Waits, waitingMembers } from "../fleet/gauges.ts";
import type { Known, Snapshot } from "../fleet/snapshot.ts";
import type { InstanceId } from "../identifiers.ts";
import { failureOf, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import type { RepairWorld } from "./world.ts";

/** Since when those wait that do; nobody is asked where nobody waits. A flow under way would not tell: it may be the third one at it. */
export const readWaits = async (
  flow: Flow,
  world: RepairWorld,
  snapshot: Snapshot,
): Promise<Known<Waits>> => {
  const waiting = waitingMembers(snapshot);
  const groups = [...new Set(waiting.map(({ group }) => group))];
  if (groups.length === 0) return { known: true, value: new Map() };
  try {
    const read = await flow.step("read waits", async () => {
      const starts = await Promise.all(groups.map((group) => startsOf(world, group, waiting)));
      return starts.flat();
    });
    return { known: true, value: new Map(read) };
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    const { step, cause } = failureOf(error);
    return { known: false, because: `${step}: ${cause}` };
  }
};

const startsOf = async (
  { autoScaling }: RepairWorld,
  group: string,
  waiting: readonly { instanceId: InstanceId; group: string }[],
): Promise<[InstanceId, number][]> => {
  const activities = await activityStarts(autoScaling, group);
  // One that is not among the newest hundred began before them.
  const before = activities.at(-1)?.startedAt;
  return waiting.flatMap(({ instanceId, group: its }) => {
    if (its !== group) return [];
    const found = activities.find(({ description }) => description.includes(instanceId));
    const since = found?.startedAt ?? before;
    return since === undefined ? [] : [[instanceId, since] as [InstanceId, number]];
  });
};

/** To be called in a step. */
export const tellGauges = (
  { name: flow }: Flow,
  { log, config, now }: RepairWorld,
  snapshot: Snapshot,
  waits: Known<Waits>,
): void => {
  const values = gaugesOf(snapshot, waits, config, now());
  if (waits.known) log.info("cluster seen", { flow }, { values });
  else log.warn("since when hooks wait is not known", { flow, cause: waits.because }, { values });
};
