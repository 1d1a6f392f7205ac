// The managers among themselves: who leads, who may be demoted, and the demotion that follows the write of another role by itself,
// one at a time and only as long as the quorum holds (docs/facts.md, D27 and D28).
import { quorumAfter, quorumOf, type Voter } from "../../../shared/swarm/quorum.ts";
import type { Store, SwarmNode } from "./store.ts";

export const LOSS = "can't remove member from the raft: this would result in a loss of quorum";
export const LAST = "attempting to demote the last manager of the swarm";
export type Refusal = typeof LOSS | typeof LAST;

/** What could not be carried out is tried again so often. */
const RETRY_MS = 5_000;

export class Managers {
  electing = false;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** While a majority of the managers answers, and no election lasts: the first of them. */
  leader(): SwarmNode | undefined {
    if (this.electing || !quorumOf(this.#voters()).holds) return undefined;
    return [...this.#store.nodes.values()].find((node) => node.vote && this.#reachable(node));
  }

  /** What the leader answers to a write that would demote this one; undefined: nothing is against it. */
  refusal(node: SwarmNode, role: SwarmNode["role"]): Refusal | undefined {
    if (node.role !== "manager" || role !== "worker") return undefined;
    const others = [...this.#store.nodes.values()].filter((one) => one !== node && one.role === "manager");
    if (others.length === 0) return LAST;
    return !node.vote || this.#canLose(node) ? undefined : LOSS;
  }

  /** Brings the vote in line with the role, in its own time. */
  reconcile(node: SwarmNode): void {
    if (node.vote === (node.role === "manager")) return;
    const { roleMs, leaderRoleMs } = this.#store.timings;
    this.#store.after(node.vote && this.leader() === node ? leaderRoleMs : roleMs, () =>
      this.#carryOut(node),
    );
  }

  #carryOut(node: SwarmNode): void {
    const to = node.role === "manager";
    if (node.vote === to || this.#store.nodes.get(node.id) !== node) return;
    if (this.leader() === undefined || (!to && !this.#canLose(node))) {
      this.#store.after(RETRY_MS, () => this.#carryOut(node));
      return;
    }
    node.vote = to;
    node.version++;
    this.#store.tellNode(node);
  }

  #canLose(node: SwarmNode): boolean {
    return quorumAfter(this.#voters(), [node.id]).holds;
  }

  #reachable({ instanceId, state }: SwarmNode): boolean {
    return state === "ready" && this.#store.hosts.responsive(instanceId);
  }

  #voters(): Voter[] {
    return [...this.#store.nodes.values()].map((node) => ({
      nodeId: node.id,
      role: node.vote ? "manager" : "worker",
      reachability: node.vote ? (this.#reachable(node) ? "reachable" : "unreachable") : "",
    }));
  }
}
