// Who has a vote among the managers, and what is left of the quorum when some of them go. Swarm needs more than half of all managers
// reachable for anything it writes; a manager that is gone still counts among "all" until it is demoted (docs/facts.md, D20).

/** What this needs to know of a node. */
export interface Voter {
  readonly nodeId: string;
  readonly role: "manager" | "worker";
  /** Of a manager: `reachable`, `unreachable`. */
  readonly reachability: string;
}

/** What the managers that answer can still afford. */
export interface Quorum {
  readonly managers: number;
  readonly reachable: number;
  /** More than half of all have to be reachable. */
  readonly needed: number;
  /** Enough are reachable; without any manager there is nothing that could hold. */
  readonly holds: boolean;
}

export const quorumOf = (nodes: readonly Voter[]): Quorum => {
  const voters = nodes.filter(({ role }) => role === "manager");
  const reachable = voters.filter(({ reachability }) => reachability === "reachable").length;
  const needed = Math.floor(voters.length / 2) + 1;
  return { managers: voters.length, reachable, needed, holds: reachable >= needed };
};

/**
 * The quorum once the managers among these node ids are demoted. Each demotion is a write of its own, so those before it must hold too:
 * one at a time, a dead manager never makes it worse, and of several the dead ones go first.
 */
export const quorumAfter = (nodes: readonly Voter[], without: readonly string[]): Quorum =>
  quorumOf(nodes.filter(({ nodeId }) => !without.includes(nodeId)));

/** Whether this one may be demoted now: there is a quorum to write it with, and there is one afterwards. Never the last manager. */
export const mayDemote = (nodes: readonly Voter[], nodeId: string): boolean =>
  quorumOf(nodes).holds && quorumAfter(nodes, [nodeId]).holds;
