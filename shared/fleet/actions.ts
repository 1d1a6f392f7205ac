// What a repair can do, each with the reason, the risk, and the fact behind it: plain data, for people, programs and whoever applies it.
import type { InstanceId } from "../identifiers.ts";

export type ActionKind =
  /** A hook waits and no flow is at it: its event was lost. */
  | "start-join"
  | "start-retire"
  /** In service, and not in the swarm (any more). */
  | "join-instance"
  /** A manager whose machine is gone, and whose vote the quorum can do without. */
  | "remove-manager"
  /** In service in a group of managers, and its node is a worker. */
  | "promote-node"
  /** A node whose instance is gone. */
  | "remove-ghost"
  /** In service, drained, and nobody is at it: a crash left it so. */
  | "activate-node"
  /** An active node that carries no label of ours, or a wrong one. */
  | "label-node"
  | "register-instance"
  | "deregister-instance"
  /** A roll that was interrupted: its marker stands and no execution is at it. */
  | "finish-roll"
  /** The service does not run the newest image that its tag policy would have: the push event was lost. */
  | "roll-newest"
  /** A host could not have the images that tasks on it need. */
  | "hold-images"
  /** A service of the stack that the swarm has not. */
  | "deploy-service"
  /** A service of the stack has not the replicas that its policy wants for the room there is. */
  | "set-replicas"
  /** The swarm's join tokens are older than they may be. */
  | "rotate-tokens"
  /** Kept by policy, with what it still holds; somebody has to end it. */
  | "look-at-kept"
  /** Out of what the operator may decide alone. */
  | "look-at";

/** `safe`: a schedule may apply it. `person`: only a person may. */
export type Risk = "safe" | "person";

export interface Action {
  kind: ActionKind;
  /** What it is about: an instance, a node, a service. */
  subject: string;
  instanceId?: InstanceId;
  nodeId?: string;
  service?: string;
  /** Of `set-replicas`: how many it is to have. */
  replicas?: number;
  /** One line: what was seen, and what follows. */
  reason: string;
  /** Number of the fact in docs/facts.md, for example `A1`. */
  fact: string;
  risk: Risk;
}

export interface Plan {
  takenAt: string;
  /** Why nothing may be done at all; empty: it may. */
  holds: readonly string[];
  /** What could not be read, and so was not judged. */
  unknown: readonly string[];
  actions: readonly Action[];
}
