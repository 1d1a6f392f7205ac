// The settings of rolls: which pushes start one, and how it goes through a service.
import type { SettingsReader } from "./reader.ts";

export interface RollConfig {
  /** Repositories whose pushes roll services; `*` stands for any characters. */
  repositories: readonly string[];
  /** Tags that start a roll when they are pushed. */
  rollTags: RegExp;
  /** Tags that name a version: what a service's image is shown under. */
  versionTags: RegExp;
  /** Parameter Store path below which each service has its history. */
  historyPrefix: string;
  /** Tasks that are replaced at the same time, the pause between two such batches, and how long each is watched. */
  rollParallelism: number;
  rollDelaySeconds: number;
  rollMonitorSeconds: number;
  /** Running tasks of a service that a roll may never go below by its own doing; from 1 on, each batch is watched before the next. */
  rollMinimumRunning: number;
  /** After a push: the wait for further tags of the same image, and for the next push of a burst. */
  rollSettleSeconds: number;
  /** No task more on the new image for so long: the roll has failed. */
  rollStallSeconds: number;
  /** For the way forward; the way back gets as much again. */
  rollDeadlineSeconds: number;
}

const REPOSITORY = /^[a-z0-9*][a-z0-9*._/-]{0,255}$/;

export const readRollConfig = (read: SettingsReader): RollConfig => {
  const config: RollConfig = {
    repositories: read.names("ROLL_REPOSITORIES", REPOSITORY, "repository", "hive-*"),
    rollTags: read.expression("ROLL_TAGS", "latest|v?[0-9]+([.][0-9]+)*"),
    versionTags: read.expression("VERSION_TAGS", "v?[0-9]+([.][0-9]+)*"),
    historyPrefix: read.text("HISTORY_PREFIX", /^\/[\w/.-]{1,200}$/, "/hive-swarm/hive/rolls"),
    rollParallelism: read.whole("ROLL_PARALLELISM", 1, 1000),
    rollDelaySeconds: read.whole("ROLL_DELAY_SECONDS", 0, 3600),
    rollMonitorSeconds: read.whole("ROLL_MONITOR_SECONDS", 1, 3600),
    rollMinimumRunning: read.whole("ROLL_MINIMUM_RUNNING", 0, 10_000),
    rollSettleSeconds: read.whole("ROLL_SETTLE_SECONDS", 0, 600),
    rollStallSeconds: read.whole("ROLL_STALL_SECONDS", 10, 86_400),
    rollDeadlineSeconds: read.whole("ROLL_DEADLINE_SECONDS", 60, 86_400),
  };
  const { rollStallSeconds: stall, rollDelaySeconds: delay, rollMonitorSeconds: monitor } = config;
  // Between two batches, and after the last one, no task more runs the image for so long, and all is well.
  if (stall <= Math.max(delay, monitor))
    read.problems.push(
      `ROLL_STALL_SECONDS is ${stall}, and every roll would fail: give it more than ROLL_DELAY_SECONDS (${delay}) and ROLL_MONITOR_SECONDS (${monitor})`,
    );
  return config;
};
