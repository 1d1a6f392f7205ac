// How long things take on simulated instances, in milliseconds: about what they take on real ones.

export interface SimulatedTimings {
  /** From power-on to the agent's registration; a host's own `onlineAfterMs` goes before. */
  agentOnlineMs: number;
  /** What any script needs to begin, and to ask the Docker daemon one thing. */
  scriptMs: number;
  askMs: number;
  pullMs: number;
  joinMs: number;
  leaveMs: number;
  /** For which docker is stopped for a backup, until the manager is reachable again. */
  engineAwayMs: number;
  /** From assignment to a running, healthy task. */
  taskStartMs: number;
  /** From SIGTERM to a container that is gone. */
  taskStopMs: number;
  /** From the write of another role to the vote that goes, or comes; a leader's takes longer, since it gives its lead away first. */
  roleMs: number;
  leaderRoleMs: number;
  /** After that long without a word a node shows as Down; after a clean leave too (facts D9). */
  nodeDownMs: number;
  /** From a line in the file to its acknowledgement by the output. */
  shippingLagMs: number;
}

export const defaultTimings: SimulatedTimings = {
  agentOnlineMs: 5_000,
  scriptMs: 100,
  askMs: 30,
  pullMs: 2_000,
  joinMs: 300,
  leaveMs: 1_000,
  engineAwayMs: 3_000,
  taskStartMs: 1_000,
  taskStopMs: 1_000,
  roleMs: 300,
  leaderRoleMs: 1_200,
  nodeDownMs: 12_000,
  shippingLagMs: 2_000,
};
