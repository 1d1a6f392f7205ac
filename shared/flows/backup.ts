// Saves the swarm's state: on a manager that does not lead, and while no other one is away. What keeps it from that is waited out for
// some minutes; then the engine is left running, since a backup is wanted most when managers are in trouble.

import { pauseText } from "../fleet/pause.ts";
import { flowMeasured } from "../metrics.ts";
import { AnswerError } from "../swarm/answers.ts";
import type { SavedState } from "../swarm/backup.ts";
import { type CopyErrand, copyState } from "./backup-copy.ts";
import { failureOf, StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import { readPause } from "./paused.ts";
import type { CoreWorld } from "./world.ts";

export type BackupOutcome =
  | { outcome: "not configured" }
  | (SavedState & { instanceId: string; bucket: string; seconds: number })
  | { outcome: "failed"; step: string; cause: string };

/** All rounds, and the slowest upload. */
const DEADLINE_SECONDS = 3_600;

/** `2026-01-01T00-00-00`: in a key that needs no quoting, and in the order of time. */
const timeOf = (millis: number): string => new Date(millis).toISOString().slice(0, 19).replaceAll(":", "-");

/** A failure is told and not thrown: the schedule comes again, and an error record wakes somebody before. */
export const backupSwarm = async (flow: Flow, world: CoreWorld): Promise<BackupOutcome> => {
  const { backupBucket: bucket, cluster } = world.config;
  if (bucket === undefined) {
    await flow.step("report", async () =>
      world.log.info("backup not configured", {
        flow: flow.name,
        because: "BACKUP_BUCKET is empty: the swarm's state is saved nowhere (docs/backup.md)",
      }),
    );
    return { outcome: "not configured" };
  }
  const began = await flow.step("backup begins", async () => world.now());
  const deadline = began + DEADLINE_SECONDS * 1000;
  const lease = { about: { bucket }, deadline, globalDeadline: deadline, endedAt: began };
  const errand: CopyErrand = {
    flow,
    world,
    lease,
    spared: await sparedBy(flow, world),
    parameters: { bucket, prefix: `${cluster}/swarm`, time: timeOf(began) },
  };
  const ended = await copyState(errand).catch((error: unknown) => {
    // What the flow does not know is a mistake of ours: the execution fails, and is found in the dead-letter queue.
    if (!(error instanceof StepFailure || error instanceof AnswerError)) throw error;
    return { outcome: "failed" as const, ...failureOf(error) };
  });
  const seconds = Math.round((lease.endedAt - began) / 100) / 10;
  await flow.step("report", async () => {
    const because = errand.spared === undefined ? {} : { because: errand.spared };
    const record = { flow: flow.name, bucket, seconds, ...ended, ...because };
    const measured = flowMeasured(flow.name, ended.outcome, seconds);
    if (ended.outcome === "failed") world.log.error("backup failed", record, measured);
    else if (ended.engine === "running" && ended.managers > 2 && !ended.autolock)
      world.log.warn("backup saved, of a running engine", record, measured);
    else world.log.info("backup saved", record, measured);
  });
  return ended.outcome === "failed" ? ended : { ...ended, bucket, seconds };
};

/** While a person wants quiet no engine is stopped; whoever cannot tell stops none either. @returns why; undefined: one may be. */
const sparedBy = async (flow: Flow, world: CoreWorld): Promise<string | undefined> => {
  try {
    const pause = await flow.step("read pause", () => readPause(world));
    return pause && pauseText(pause);
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return `whether there is a pause is not known: ${failureOf(error).cause}`;
  }
};
