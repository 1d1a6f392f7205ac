// A snapshot, looked at from each side: what group, swarm, agents and flows know of one instance. Nothing is decided here, but for one
// thing: whose a node is. Sorted, so that no order in which something was read can change a plan.
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import type { AgentView, BalancerMember, FlowView, Known, Member, NodeView, Snapshot } from "./snapshot.ts";

export interface OwnedNode extends NodeView {
  /** The instance behind it, by its label or, for want of a true one, by its address; undefined: nobody can tell. */
  owner: InstanceId | undefined;
  /** Its label is believed, though another instance of ours has its agent at the node's address: where the labelled one is, nobody knows. */
  doubted: boolean;
}

export interface Picture {
  snapshot: Snapshot;
  /** Undefined, here and below: this part could not be read. */
  members: ReadonlyMap<InstanceId, Member> | undefined;
  agents: ReadonlyMap<InstanceId, AgentView> | undefined;
  nodes: readonly OwnedNode[] | undefined;
  /** Of one instance; several when a machine joined more than once (docs/facts.md, D10). */
  nodesOf: ReadonlyMap<InstanceId, readonly OwnedNode[]>;
  /** Members of the load balancer; undefined too when there is none. */
  balanced: ReadonlyMap<InstanceId, BalancerMember> | undefined;
  /** Running flows of instances, by instance. */
  busy: ReadonlyMap<InstanceId, string> | undefined;
  /** Names of running rolls. */
  rolls: readonly string[] | undefined;
  /** False: no swarm was ever formed, so that nothing is missing in it, and a first manager forms it. */
  formed: boolean;
  /** None is recorded, and yet instances serve: it was formed by hand, most likely, and nobody may form another. */
  unrecorded: boolean;
}

const readOf = <T>(part: Known<T> | undefined): T | undefined => (part?.known ? part.value : undefined);

/** By what names it, and by all that is known of it where two have one name. */
const sorted = <T>(list: readonly T[], key: (item: T) => string): T[] => {
  const whole = (item: T): string => `${key(item)} ${JSON.stringify(item)}`;
  return [...list].sort((one, other) => (whole(one) < whole(other) ? -1 : 1));
};

const byInstance = <T extends { instanceId: InstanceId }>(
  list: readonly T[] | undefined,
): ReadonlyMap<InstanceId, T> | undefined =>
  list &&
  new Map(sorted(list, ({ instanceId }) => instanceId).map((item) => [item.instanceId, item] as const));

const INSTANCE_FLOW = /^(?:join|retire)-(i-[0-9a-f]+)-\d+$/;

const instanceOf = ({ name }: FlowView): InstanceId | undefined => {
  const [, instance = ""] = INSTANCE_FLOW.exec(name) ?? [];
  return isInstanceId(instance) ? instance : undefined;
};

export const drawPicture = (snapshot: Snapshot): Picture => {
  const members = byInstance(readOf(snapshot.members));
  const agents = byInstance(readOf(snapshot.agents));
  const swarm = readOf(snapshot.swarm);
  const nodes =
    swarm &&
    ownersOf(
      sorted(swarm.nodes, ({ nodeId }) => nodeId),
      members,
      agents,
    );
  const nodesOf = new Map<InstanceId, OwnedNode[]>();
  for (const node of nodes ?? [])
    if (node.owner !== undefined) nodesOf.set(node.owner, [...(nodesOf.get(node.owner) ?? []), node]);
  const flows = readOf(snapshot.flows);
  const running = flows && sorted(flows, ({ name }) => name);
  const balanced = byInstance(readOf(snapshot.balancer)?.members);
  const formed = readOf(snapshot.record) !== null || (nodes ?? []).length > 0;
  return {
    snapshot,
    members,
    agents,
    nodes,
    nodesOf,
    balanced,
    formed,
    unrecorded: !formed && [...(balanced?.values() ?? [])].some(({ standing }) => standing === "in-service"),
    busy:
      running &&
      new Map(
        running.flatMap((flow) => {
          const instance = instanceOf(flow);
          return instance === undefined ? [] : [[instance, flow.name] as const];
        }),
      ),
    rolls: running?.map(({ name }) => name).filter((name) => name.startsWith("roll-")),
  };
};

/**
 * A label is a manager's word and counts (D19), unless a ready node stands where another instance of ours has its agent, and the labelled
 * one is elsewhere or gone. A node without a label is its who has the address. An address that two claim tells nothing.
 */
const ownersOf = (
  nodes: readonly NodeView[],
  members: Picture["members"],
  agents: Picture["agents"],
): OwnedNode[] => {
  const at = new Map<string, AgentView[]>();
  for (const agent of agents?.values() ?? [])
    if (members?.has(agent.instanceId)) at.set(agent.address, [...(at.get(agent.address) ?? []), agent]);
  return nodes.map((node) => {
    const [found, ...others] = node.address === "" ? [] : (at.get(node.address) ?? []);
    const there = others.length === 0 ? found?.instanceId : undefined;
    const { instanceId: label } = node;
    if (label === "") return { ...node, owner: there, doubted: false };
    const elsewhere = !members?.has(label) || (agents?.get(label)?.address ?? node.address) !== node.address;
    const another = node.state === "ready" && there !== undefined && there !== label;
    const mistaken = another && elsewhere;
    return { ...node, owner: mistaken ? there : label, doubted: another && !mistaken };
  });
};

/** Its SSM agent answers. Undefined: that could not be read. */
export const reachable = ({ agents }: Picture, instanceId: InstanceId): boolean | undefined =>
  agents && agents.get(instanceId)?.online === true;
