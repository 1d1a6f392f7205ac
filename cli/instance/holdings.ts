// What an instance has of the cluster, in words: its node, its place at the load balancer, its agent.
import { quorumAfter, quorumOf } from "../../shared/swarm/quorum.ts";
import { counted } from "../follow/news.ts";
import type { Picture } from "../repair/report.ts";
import { plain } from "../terminal/text.ts";
import { type NodeFacts, nodesIn } from "./facts.ts";

/** Each a line; what could not be read is said so. */
export const holdings = (picture: Picture, instanceId: string): string[] =>
  [
    ...nodeLines(picture, instanceId),
    ...balancerLine(picture, instanceId),
    agentLine(picture, instanceId),
  ].map(plain);

const nodeLines = (picture: Picture, instanceId: string): string[] => {
  const { swarm } = picture;
  if (!swarm.known) return [`node: unknown (${swarm.because})`];
  const nodes = nodesIn(picture, instanceId);
  return nodes.length === 0 ? ["no node in the swarm"] : nodes.map(nodeText);
};

const nodeText = (node: NodeFacts): string => {
  const role =
    node.role === "manager" ? `, ${node.leader ? "the leader" : "manager"} (${node.reachability})` : "";
  const retiring = node.retiring ? ", retiring" : "";
  return `node ${node.nodeId}: ${node.state}, ${node.availability}${retiring}${role}, ${counted(node.running, "task")} running`;
};

const balancerLine = ({ balancer }: Picture, instanceId: string): string[] => {
  if (!balancer) return [];
  if (!balancer.known) return [`load balancer: unknown (${balancer.because})`];
  const place = balancer.value.members.find((one) => one.instanceId === instanceId);
  if (!place) return ["not at the load balancer"];
  return [
    `load balancer: ${place.standing}${place.description && place.standing !== "in-service" ? ` (${place.description})` : ""}`,
  ];
};

const agentLine = ({ agents }: Picture, instanceId: string): string => {
  if (!agents.known) return `SSM agent: unknown (${agents.because})`;
  const agent = agents.value.find((one) => one.instanceId === instanceId);
  if (!agent) return "no SSM agent has registered";
  return `SSM agent: ${agent.online ? "online" : "offline"}, version ${agent.version}`;
};

/** What the managers can afford, and whether this one may go; undefined: it is none. */
export const quorumText = (
  picture: Picture,
  instanceId: string,
): { text: string; lost: boolean } | undefined => {
  const { swarm } = picture;
  if (!swarm.known) return undefined;
  const voters = swarm.value.nodes.flatMap((node) =>
    node.role === "manager" ? [{ ...node, role: "manager" as const }] : [],
  );
  const own = voters.filter((node) => node.instanceId === instanceId).map(({ nodeId }) => nodeId);
  if (own.length === 0) return undefined;
  const [now, after] = [quorumOf(voters), quorumAfter(voters, own)];
  const text =
    `${now.reachable} of ${now.managers} managers are reachable, ${now.needed} are needed; ` +
    `without this one ${after.reachable} of ${after.managers}, ${after.needed} needed`;
  return { text, lost: !now.holds || !after.holds };
};
