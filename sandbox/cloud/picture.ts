// The swarm and the load balancer as they are seen at one moment, and what changed between two such pictures.
import type { EngineNode, EngineTask } from "./engine.ts";
import type { TimelineEntry } from "./timeline.ts";

export interface SwarmNode {
  id: string;
  hostname: string;
  role: string;
  state: string;
  availability: string;
  /** From the node's label; undefined before it is set. */
  instanceId: string | undefined;
}

export interface BalancerMember {
  instanceId: string;
  state: string;
  description: string;
}

export interface Picture {
  nodes: SwarmNode[];
  /** Running tasks by node id. */
  running: Record<string, number>;
  /** Tasks that want to run and have no node. */
  pending: number;
  balancer: BalancerMember[];
}

export const emptyPicture: Picture = { nodes: [], running: {}, pending: 0, balancer: [] };

/** @param label the node label that holds the instance id */
export const swarmPicture = (
  nodes: EngineNode[],
  tasks: EngineTask[],
  label: string,
): Pick<Picture, "nodes" | "running" | "pending"> => {
  const running: Record<string, number> = {};
  let pending = 0;
  for (const { NodeID, DesiredState, Status } of tasks) {
    if (DesiredState !== "running") continue;
    if (NodeID === undefined || NodeID === "") pending += 1;
    else if (Status.State === "running") running[NodeID] = (running[NodeID] ?? 0) + 1;
  }
  return {
    nodes: nodes.map((node) => ({
      id: node.ID,
      hostname: node.Description.Hostname,
      role: node.Spec.Role,
      state: node.Status.State,
      availability: node.Spec.Availability,
      instanceId: node.Spec.Labels?.[label],
    })),
    running,
    pending,
  };
};

type Change = Pick<TimelineEntry, "kind" | "text" | "instanceId" | "cause">;

/** One entry for each thing that is different, in words. */
export const changes = (before: Picture, after: Picture): Change[] => [
  ...nodeChanges(before, after),
  ...balancerChanges(before.balancer, after.balancer),
];

const nodeChanges = (before: Picture, after: Picture): Change[] => {
  const told: Change[] = [];
  const former = new Map(before.nodes.map((node) => [node.id, node]));
  for (const node of after.nodes) {
    const old = former.get(node.id);
    const tell = (text: string) => told.push(about(node, `node ${short(node.id)} ${text}`));
    former.delete(node.id);
    if (old === undefined) tell(`is in the swarm: ${node.role}, ${node.state}, ${node.availability}`);
    else {
      if (old.state !== node.state) tell(`is ${node.state}`);
      if (old.availability !== node.availability) tell(`is set to ${node.availability}`);
      if (old.instanceId !== node.instanceId) tell(`is labelled ${node.instanceId ?? "no more"}`);
    }
    const [had, has] = [before.running[node.id] ?? 0, after.running[node.id] ?? 0];
    if (had !== has) tell(`runs ${has} ${has === 1 ? "task" : "tasks"} (${after.pending} wait for room)`);
  }
  for (const gone of former.values()) told.push(about(gone, `node ${short(gone.id)} is out of the swarm`));
  return told;
};

const balancerChanges = (before: BalancerMember[], after: BalancerMember[]): Change[] => {
  const told: Change[] = [];
  const former = new Map(before.map((member) => [member.instanceId, member]));
  for (const { instanceId, state, description } of after) {
    const old = former.get(instanceId);
    former.delete(instanceId);
    if (old?.state === state && old.description === description) continue;
    const text = `load balancer: ${inWords(state, description)}`;
    told.push({
      kind: "balancer",
      instanceId,
      text,
      ...(description !== "N/A" && { cause: `${state}: ${description}` }),
    });
  }
  for (const instanceId of former.keys()) {
    told.push({ kind: "balancer", instanceId, text: "load balancer: deregistered" });
  }
  return told;
};

/** What each of the load balancer's sentences means; its state alone does not tell. */
const inWords = (state: string, description: string): string => {
  if (/registration is still in progress/.test(description)) return "not in service yet";
  if (/deregistration currently in progress/.test(description)) return "draining";
  if (/UnhealthyThreshold/.test(description)) return "fails its health checks";
  return description === "N/A" ? state : `${state}: ${description}`;
};

const about = (node: SwarmNode, text: string): Change =>
  node.instanceId === undefined
    ? { kind: "swarm", text }
    : { kind: "swarm", instanceId: node.instanceId, text };

const short = (id: string): string => id.slice(0, 8);
