// A cluster at rest, three managers and three workers behind a load balancer, and what a test changes of it.
import type { Action, Plan } from "../../shared/fleet/actions.ts";
import type { Pause } from "../../shared/fleet/pause.ts";
import { type PlanConfig, planRepair } from "../../shared/fleet/plan.ts";
import type {
  AgentView,
  BalancerMember,
  Known,
  Member,
  NewestImage,
  NodeView,
  Snapshot,
} from "../../shared/fleet/snapshot.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import type { SwarmRecord } from "../../shared/swarm/record.ts";
import type { ServiceFacts } from "../../shared/swarm/services.ts";
import type { StackService } from "../../shared/swarm/stack.ts";
import { factsOf, NEW, OLD } from "./rolls-facts.ts";

export const TAKEN_AT = "2026-02-01T12:00:00.000Z";
export const ACTIVE_SINCE = "2026-02-01T08:00:00.000Z";
const FORMED_AT = "2026-01-20T08:00:00.000Z";
const WORKERS = "hive-workers";
const MANAGERS = "hive-managers";

const known = <T>(value: T): Known<T> => ({ known: true, value });
export const unread = (because: string): { known: false; because: string } => ({ known: false, because });

const hexadecimal = (number: number): string => number.toString(16).padStart(17, "0");
export const idOf = (number: number): InstanceId => `i-${hexadecimal(number)}` as InstanceId;
export const addressOf = (number: number): string => `10.0.0.${number}`;
export const nodeIdOf = (number: number): string => `node${number}`;

export const worker = (number: number, changes: Partial<Member> = {}): Member => ({
  instanceId: idOf(number),
  group: WORKERS,
  role: "worker",
  lifecycleState: "InService",
  healthy: true,
  ...changes,
});

export const manager = (number: number, changes: Partial<Member> = {}): Member =>
  worker(number, { group: MANAGERS, role: "manager", ...changes });

export const agent = (number: number, changes: Partial<AgentView> = {}): AgentView => ({
  instanceId: idOf(number),
  online: true,
  version: "3.3.2746.0",
  address: addressOf(number),
  ...changes,
});

export const node = (number: number, changes: Partial<NodeView> = {}): NodeView => ({
  nodeId: nodeIdOf(number),
  instanceId: idOf(number),
  address: addressOf(number),
  role: "worker",
  state: "ready",
  availability: "active",
  leader: false,
  reachability: "",
  retiring: false,
  activeSince: ACTIVE_SINCE,
  running: 2,
  cpus: 2,
  missing: [],
  ...changes,
});

export const managerNode = (number: number, changes: Partial<NodeView> = {}): NodeView =>
  node(number, {
    instanceId: "",
    role: "manager",
    reachability: "reachable",
    activeSince: "",
    running: 0,
    ...changes,
  });

export const behind = (number: number, changes: Partial<BalancerMember> = {}): BalancerMember => ({
  instanceId: idOf(number),
  standing: "in-service",
  description: "N/A",
  ...changes,
});

const flow = (name: string) => ({ name, startedAt: "2026-02-01T11:59:00.000Z" });

export const newest = (changes: Partial<NewestImage> = {}): NewestImage => ({
  repository: "hive-tomcat",
  image: NEW,
  pushedAt: "2026-02-01T10:00:00.000Z",
  newer: [],
  ...changes,
});

/** Known parts, as they are put together. */
export interface Parts {
  members: Member[];
  agents: AgentView[];
  nodes: NodeView[];
  services: ServiceFacts[];
  balanced: BalancerMember[];
  flows: string[];
  images: NewestImage[];
  /** `null`: there never was a swarm. */
  record: SwarmRecord | null;
  paused: Pause | null;
  stack: StackService[];
}

export const atRest = (): Parts => ({
  members: [manager(1), manager(2), manager(3), worker(11), worker(12), worker(13)],
  agents: [1, 2, 3, 11, 12, 13].map((number) => agent(number)),
  nodes: [
    managerNode(1, { leader: true }),
    managerNode(2),
    managerNode(3),
    ...[11, 12, 13].map((number) => node(number)),
  ],
  services: [factsOf({ labels: { "hive.roll.seen": "2026-02-01T09:00:00.000Z" }, image: OLD })],
  balanced: [11, 12, 13].map((number) => behind(number)),
  flows: [],
  images: [newest({ image: OLD, pushedAt: "2026-02-01T09:00:00.000Z" })],
  record: { formedBy: idOf(1), at: FORMED_AT, tokensAt: FORMED_AT },
  paused: null,
  stack: [],
});

export const PAUSE: Pause = { why: "moving the registry", by: "ann@desk", at: "2026-02-01T11:00:00.000Z" };

/** A service of the stack, on workers, one CPU each. */
export const stacked = (changes: Partial<StackService> = {}): StackService => ({
  name: "hive_web",
  image: OLD,
  mode: "replicated",
  replicas: 2,
  managersOnly: false,
  workersOnly: true,
  reservedCpus: 1,
  mostPerNode: 0,
  directories: [],
  labels: {},
  ...changes,
});

/** It as it runs. */
export const runs = (changes: Partial<ServiceFacts> = {}): ServiceFacts =>
  factsOf({
    id: `id of ${changes.name ?? "hive_web"}`,
    name: "hive_web",
    image: OLD,
    reservedCpus: 1,
    labels: { "hive.roll.seen": "2026-02-01T09:00:00.000Z" },
    ...changes,
  });

export const snapshotOf = (changes: Partial<Parts> = {}, unreadable: Partial<Snapshot> = {}): Snapshot => {
  const parts = { ...atRest(), ...changes };
  return {
    takenAt: TAKEN_AT,
    members: known(parts.members),
    agents: known(parts.agents),
    swarm: known({ nodes: parts.nodes, services: parts.services }),
    balancer: known({ attached: true, members: parts.balanced }),
    flows: known(parts.flows.map(flow)),
    newest: known(parts.images),
    record: known(parts.record),
    paused: known(parts.paused),
    stack: known(parts.stack),
    ...unreadable,
  };
};

export const CONFIG: PlanConfig = {
  loadBalancer: "hive",
  mostTouchedPercent: 100,
  replicas: "ahead",
  replicasAhead: 2,
  tokenDays: 0,
};

export const planOf = (
  changes: Partial<Parts> = {},
  unreadable: Partial<Snapshot> = {},
  config: Partial<PlanConfig> = {},
): Plan => planRepair(snapshotOf(changes, unreadable), { ...CONFIG, ...config });

/** In short: kind, subject, risk. */
const brief = ({ actions }: Plan): string[] =>
  actions.map(({ kind, subject, risk }) => `${kind} ${subject} (${risk})`);

/** What a plan says of the cluster at rest, changed. */
export const said = (changes: Partial<Parts> = {}, unreadable: Partial<Snapshot> = {}): string[] =>
  brief(planOf(changes, unreadable));

export const only = ({ actions }: Plan): Action => {
  const [action, ...others] = actions;
  if (!action || others.length > 0) throw new Error(`one action expected: ${JSON.stringify(actions)}`);
  return action;
};

/** The list without those of this instance, and with these. */
export const instead = <T extends { instanceId: string; nodeId?: string }>(
  list: readonly T[],
  number: number,
  ...others: T[]
): T[] => [
  ...list.filter(({ instanceId, nodeId }) => instanceId !== idOf(number) && nodeId !== nodeIdOf(number)),
  ...others,
];
