// The cluster at one moment: group, swarm, load balancer, registry and running flows, as far as each could be read. Immutable; what
// could not be read is told as such, and never taken for absent.
import type { InstanceId } from "../identifiers.ts";
import type { SwarmRecord } from "../swarm/record.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import type { StackService } from "../swarm/stack.ts";
import type { Pause } from "./pause.ts";

/** A part of the picture, or why it is missing. */
export type Known<T> = { known: true; value: T } | { known: false; because: string };

export type Role = "manager" | "worker";

/** An instance as its group sees it. */
export interface Member {
  instanceId: InstanceId;
  group: string;
  role: Role;
  /** For example `InService`, `Pending:Wait`, `Terminating:Retained`. */
  lifecycleState: string;
  healthy: boolean;
}

export interface AgentView {
  instanceId: InstanceId;
  online: boolean;
  version: string;
  address: string;
}

/** A node as the managers see it. Labels: ours alone, without `hive.`. */
export interface NodeView {
  nodeId: string;
  /** By its label `hive.instance-id`; empty: it has none. */
  instanceId: InstanceId | "";
  address: string;
  role: Role;
  /** `ready`, `down`, `unknown`, `disconnected`. */
  state: string;
  availability: string;
  leader: boolean;
  /** Of a manager: `reachable`, `unreachable`; empty for a worker. */
  reachability: string;
  retiring: boolean;
  /** ISO 8601; empty: it was never active. */
  activeSince: string;
  /** Tasks that run there. */
  running: number;
  /** What it has for tasks: whole ones and hundredths. */
  cpus: number;
  /** Images that tasks there were refused for, lately and until now: the host has not got them and cannot pull them. Newest first. */
  missing: readonly string[];
}

export interface SwarmView {
  nodes: readonly NodeView[];
  services: readonly ServiceFacts[];
}

export interface BalancerMember {
  instanceId: InstanceId;
  standing: "in-service" | "out-of-service" | "draining";
  description: string;
}

export interface FlowView {
  /** `join-i-0abc-0`, `roll-hive-tomcat-3f2a…-0`. */
  name: string;
  startedAt: string;
}

/** What the tag policy would have run of a repository. */
export interface NewestImage {
  repository: string;
  /** `registry/repository[:version]@digest` */
  image: string;
  pushedAt: string;
  /** Digests that were pushed later and that the policy would not have: a person may have set one on purpose. */
  newer: readonly string[];
}

export interface Snapshot {
  takenAt: string;
  members: Known<readonly Member[]>;
  agents: Known<readonly AgentView[]>;
  swarm: Known<SwarmView>;
  /** `undefined`: the configuration names none. */
  balancer: Known<{ attached: boolean; members: readonly BalancerMember[] }> | undefined;
  flows: Known<readonly FlowView[]>;
  newest: Known<readonly NewestImage[]>;
  /** `null`: no swarm was ever formed, so none is asked for, and `swarm` is empty. */
  record: Known<SwarmRecord | null>;
  /** `null`: repairs and rolls may go on. */
  paused: Known<Pause | null>;
  /** What is to be there; empty: nobody said. */
  stack: Known<readonly StackService[]>;
}
