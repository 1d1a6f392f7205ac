// Managers as the swarm has them. Whatever is done to one can cost the quorum: only a vote is taken that nobody is behind, one at a time;
// all else is told to a person. Flows of hooks hold by themselves while the quorum needs theirs.
import { mayDemote, quorumOf } from "../swarm/quorum.ts";
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import { type OwnedNode, type Picture, reachable } from "./picture.ts";

export const planManagers = (picture: Picture): Action[] => {
  const managers = (picture.nodes ?? []).filter(({ role }) => role === "manager");
  const dead = managers.filter((node) => isDead(picture, node));
  return [
    ...removal(picture, dead),
    ...managers.filter((node) => !dead.includes(node)).flatMap((node) => told(picture, node)),
  ];
};

const margin = ({ nodes = [] }: Picture): string => {
  const { managers, reachable: answer, needed } = quorumOf(nodes);
  return `${answer} of ${managers} managers are reachable, and ${needed} are needed`;
};

/** No group knows its instance, its agent is silent, the managers see it down, and the quorum holds before and after. */
const isDead = (picture: Picture, node: OwnedNode): boolean => {
  const { members, busy, nodes = [] } = picture;
  const { owner, state, reachability, nodeId, doubted } = node;
  return (
    members !== undefined &&
    busy !== undefined &&
    owner !== undefined &&
    !doubted &&
    !members.has(owner) &&
    !busy.has(owner) &&
    reachable(picture, owner) === false &&
    state === "down" &&
    // One without a vote was left behind by a restore: swarm refuses to demote it (D34).
    reachability === "unreachable" &&
    nodes.some(({ leader }) => leader) &&
    mayDemote(nodes, nodeId)
  );
};

const removal = (picture: Picture, [node, ...others]: readonly OwnedNode[]): Action[] => {
  if (!node) return [];
  const { nodeId, owner: instanceId, state, reachability } = node;
  const more = others.length > 0 ? `, and ${others.length} more after it, one at a time` : "";
  const reason = `manager ${nodeId} is ${state} and ${reachability || "not reachable"}, no group knows its instance and its SSM agent does not answer: the machine is gone; ${margin(picture)}. It is demoted and removed${more}`;
  return [action("remove-manager", { instanceId, node }, reason)];
};

const told = (picture: Picture, node: OwnedNode): Action[] => {
  const { members, agents, busy } = picture;
  const { nodeId, owner, state, reachability } = node;
  const about = { instanceId: owner, node };
  const remove = `docker node rm --force ${nodeId}`;
  const byHand = reachability === "" ? remove : `docker node demote ${nodeId} && ${remove}`;
  const member = owner === undefined ? undefined : members?.get(owner);
  const atWork = owner !== undefined && busy?.has(owner) === true;
  // A hook that waits says this by itself.
  if (member?.role === "worker" && !member.lifecycleState.endsWith(":Wait"))
    return atWork
      ? []
      : [
          lookAt(
            about,
            "D9",
            `its node ${nodeId} is a manager although group ${member.group} has workers, and could not be retired; ${margin(picture)}. Demote it (docker node demote ${nodeId}), or move the instance`,
          ),
        ];
  if (members && owner !== undefined && !member)
    return [
      lookAt(
        about,
        "D9",
        `manager ${nodeId} (${state}, ${reachability || "reachability not told"}) is an instance that no group knows; ${margin(picture)}. If the machine is gone for good: ${byHand}`,
      ),
    ];
  // What a flow is at answers in a while.
  if (reachability !== "reachable" && !atWork)
    return [
      lookAt(
        about,
        "D20",
        `manager ${nodeId} is ${reachability || "not reachable"} (${state}); ${margin(picture)}. Look at the machine; if it is gone for good, have it replaced and then: ${byHand}`,
      ),
    ];
  // A join that runs has a node without a label for a while.
  if (members && agents && busy?.size === 0 && owner === undefined)
    return [
      lookAt(
        about,
        "D10",
        `manager ${nodeId} (${state}, ${node.address || "address unknown"}) carries no label hive.instance-id, and no instance of ours has its address: nobody can tell when its machine is gone, nor retire it; ${margin(picture)}. Label it, or demote and remove it`,
      ),
    ];
  return [];
};
