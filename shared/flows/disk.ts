// How full the disks of hosts are, as they say it themselves whenever they were told to hold images: that is when disks fill with them.
import type { InstanceId } from "../identifiers.ts";
import { diskOf } from "../swarm/answers.ts";
import type { Flow } from "./flow.ts";
import type { CoreWorld } from "./world.ts";

interface Result {
  instanceId: InstanceId;
  ended: { succeeded: boolean; stdout: string } | undefined;
}

/** One record for the fullest of those that have ended. To be called in a check. */
export const tellDisk = ({ name: flow }: Flow, { log }: CoreWorld, results: readonly Result[]): void => {
  let fullest: { instanceId: InstanceId; percent: number } | undefined;
  for (const { instanceId, ended } of results) {
    const percent = ended?.succeeded ? diskOf(ended.stdout) : undefined;
    if (percent !== undefined && percent > (fullest?.percent ?? -1)) fullest = { instanceId, percent };
  }
  if (fullest) log.info("fullest disk", { flow, ...fullest }, { values: { DiskPercent: fullest.percent } });
};
