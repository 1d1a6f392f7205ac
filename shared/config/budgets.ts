// Times that must fit into each other: what the hooks, the load balancer and the stack have, against what a flow may take. They are
// told to the functions as they were deployed; at a hook's beginning a flow reads the hook itself, and never takes longer than that.
import type { SettingsReader } from "./reader.ts";

export interface Budgets {
  /** HeartbeatTimeout of the launch and of the terminate hook: so long may a hook be left without a sign of life. */
  joinHeartbeatSeconds: number;
  retireHeartbeatSeconds: number;
  /** Connection draining of the load balancer. */
  drainingSeconds: number;
  /** `stop_grace_period` of the services: the longest that a drain takes to stop a container. */
  stopGraceSeconds: number;
}

/** Of Auto Scaling, whatever the heartbeat (docs/facts.md, A2). */
const LONGEST_HOOK_SECONDS = 172_800;
const MOST_HEARTBEATS = 100;
/** `repair` comes every 5 minutes unless it is told otherwise, and may take a minute: what no event has started, it starts. */
const REPAIR_SECONDS = 360;
/** Filebeat reads a file's end, sends it and writes it down, and two looks a scan apart agree on it; commands take their time as well. */
const FLUSH_SCANS = 2;
const FLUSH_SECONDS = 30;

export const readBudgets = (read: SettingsReader): Budgets => ({
  joinHeartbeatSeconds: read.whole("JOIN_HEARTBEAT_SECONDS", 30, 7200),
  retireHeartbeatSeconds: read.whole("RETIRE_HEARTBEAT_SECONDS", 30, 7200),
  drainingSeconds: read.whole("DRAINING_SECONDS", 1, 3600),
  stopGraceSeconds: read.whole("STOP_GRACE_SECONDS", 1, 3600),
});

interface Times extends Budgets {
  joinDeadlineSeconds: number;
  retireDeadlineSeconds: number;
  scanIntervalSeconds: number;
}

const globalTimeout = (heartbeatSeconds: number): number =>
  Math.min(LONGEST_HOOK_SECONDS, MOST_HEARTBEATS * heartbeatSeconds);

/** @returns every budget that cannot work, each with the way to mend it. What is no number was told already, and is let pass here. */
export const impossibleBudgets = (times: Times): string[] => {
  const { drainingSeconds: draining, stopGraceSeconds: grace, retireDeadlineSeconds: retire } = times;
  const flush = FLUSH_SCANS * times.scanIntervalSeconds + FLUSH_SECONDS;
  const problems: string[] = [];
  for (const [which, deadline, heartbeat] of [
    ["JOIN", times.joinDeadlineSeconds, times.joinHeartbeatSeconds],
    ["RETIRE", retire, times.retireHeartbeatSeconds],
  ] as const) {
    if (deadline > globalTimeout(heartbeat))
      problems.push(
        `${which}_DEADLINE_SECONDS is ${deadline}, and its hook ends by itself after ${globalTimeout(heartbeat)} s (${MOST_HEARTBEATS} heartbeats of ${heartbeat} s, 48 hours at most): lower it, or raise ${which}_HEARTBEAT_SECONDS`,
      );
    if (heartbeat < REPAIR_SECONDS)
      problems.push(
        `${which}_HEARTBEAT_SECONDS is ${heartbeat}, and the hook of a machine whose event was lost would end before the next repair: give it ${REPAIR_SECONDS} or more`,
      );
  }
  if (draining >= retire)
    problems.push(
      `DRAINING_SECONDS is ${draining}, and a retirement has ${retire} s for everything: lower the load balancer's draining, or raise RETIRE_DEADLINE_SECONDS`,
    );
  else if (grace >= retire)
    problems.push(
      `STOP_GRACE_SECONDS is ${grace}, and a retirement has ${retire} s for everything: lower the stack's stop_grace_period, or raise RETIRE_DEADLINE_SECONDS`,
    );
  else if (draining + grace + flush > retire)
    problems.push(
      `RETIRE_DEADLINE_SECONDS is ${retire}, and no retirement could keep it: connections may drain for ${draining} s (DRAINING_SECONDS), containers stop for ${grace} s (STOP_GRACE_SECONDS), and the proof that their logs were shipped takes up to ${flush} s (SCAN_INTERVAL_SECONDS); give it ${draining + grace + flush} or more`,
    );
  return problems;
};
