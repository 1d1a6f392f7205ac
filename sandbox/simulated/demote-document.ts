// The document that demotes a manager, on another one: demote-node.
import { quorumOf, type Voter } from "../../shared/swarm/quorum.ts";
import { requireLeader, requireManager, retiring, write } from "./manager-documents.ts";
import { type Document, Failed, type Script } from "./script.ts";
import type { SwarmNode } from "./swarm.ts";
import { LAST, LOSS } from "./swarmkit/managers.ts";

export const demoteNode: Document = async (script) => {
  const { host, swarm, timings, parameter, pause, now } = script;
  const until = now() + Number(parameter("waitSeconds")) * 1000;
  requireManager(script);
  await pause(timings.askMs);
  requireLeader(swarm);
  const nodes = [...swarm.nodes.values()];
  const own = nodes.filter((node) => isOf(script, node));
  const all = quorumOf(nodes.map((node) => voter(script, node)));
  const rest = quorumOf(
    nodes.filter((node) => node.role === "manager" && !own.includes(node)).map((node) => voter(script, node)),
  );
  const answer = (outcome: string, said = "") => ({
    outcome,
    nodeIds: own.map(({ id }) => id).join(" "),
    managers: all.managers,
    reachable: all.reachable,
    remaining: rest.managers,
    remainingReachable: rest.reachable,
    needed: rest.needed,
    said,
  });
  if (own.length === 0) return answer("none");
  const pending = own.filter(({ role, vote }) => role === "manager" || vote);
  if (pending.length === 0) return answer("not-a-manager");
  for (const { id } of pending)
    if (id === host.nodeId)
      throw new Failed("manager", `node ${id} is this host itself: another manager has to demote it`);

  for (const { id, role, vote } of pending) {
    if (role === "worker") continue;
    if (vote && !rest.holds) return answer("would-lose-quorum");
    const update = await write(script, id, retiring);
    if (update === LOSS || update === LAST) return answer("would-lose-quorum", update);
    if (update !== "updated") throw new Failed("demote", `node ${id}: ${update}`);
  }
  for (const { id } of pending)
    while (swarm.nodes.get(id)?.vote) {
      if (now() >= until) return answer("under-way", `node ${id}: ${reachability(script, id)}`);
      await pause(250);
    }
  return answer("demoted");
};

/** By address only one that does not answer: one that does could be another instance's that came into the address. */
const isOf = ({ swarm, parameter }: Script, node: SwarmNode): boolean => {
  const label = node.labels["hive.instance-id"];
  if (label === parameter("instanceId") || node.id === parameter("nodeId")) return true;
  return label === undefined && node.vote && !swarm.answers(node) && node.address === parameter("address");
};

const reachability = ({ swarm }: Script, id: string): string => {
  const node = swarm.nodes.get(id);
  return node && swarm.answers(node) ? "reachable" : "unreachable";
};

const voter = (script: Script, { id, vote }: SwarmNode): Voter => ({
  nodeId: id,
  role: vote ? "manager" : "worker",
  reachability: vote ? reachability(script, id) : "",
});
