// Managers, and who should be one. Whatever is done to a manager can cost the quorum, so here nothing is planned but a person's look.
import { quorumOf } from "../swarm/quorum.ts";
import { lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import { inService } from "./nodes.ts";
import type { OwnedNode, Picture } from "./picture.ts";

export const planManagers = (picture: Picture): Action[] => {
  const { nodes } = picture;
  if (!nodes) return [];
  const managers = nodes.filter(({ role }) => role === "manager");
  return [...managers.flatMap((node) => ofNode(picture, node)), ...ofMembers(picture, managers)];
};

const ofNode = ({ members, busy, nodes = [] }: Picture, node: OwnedNode): Action[] => {
  const { nodeId, owner, state, reachability } = node;
  const about = { instanceId: owner, node };
  const { managers, reachable, needed } = quorumOf(nodes);
  const margin = `${reachable} of ${managers} managers are reachable, and ${needed} are needed`;
  const removal = `docker node demote ${nodeId} && docker node rm --force ${nodeId}`;
  const member = owner === undefined ? undefined : members?.get(owner);
  // A hook that waits says this by itself.
  if (member?.role === "worker" && !member.lifecycleState.endsWith(":Wait"))
    return owner !== undefined && busy?.has(owner)
      ? []
      : [
          lookAt(
            about,
            "D9",
            `its node ${nodeId} is a manager although group ${member.group} has workers, and could not be retired; ${margin}. Demote it (docker node demote ${nodeId}), or move the instance`,
          ),
        ];
  if (members && owner !== undefined && !member)
    return [
      lookAt(
        about,
        "D9",
        `manager ${nodeId} (${state}, ${reachability || "reachability not told"}) is an instance that no group knows; ${margin}. If the machine is gone for good: ${removal}`,
      ),
    ];
  if (reachability !== "reachable")
    return [
      lookAt(
        about,
        "D20",
        `manager ${nodeId} is ${reachability || "not reachable"} (${state}); ${margin}. Look at the machine; if it is gone for good, have it replaced and then: ${removal}`,
      ),
    ];
  return [];
};

/** Instances of a manager group that are no managers. */
const ofMembers = ({ members, nodesOf }: Picture, managers: readonly OwnedNode[]): Action[] => {
  // One that nobody can name may be any of them.
  const named = managers.every(({ owner }) => owner !== undefined);
  return [...(members?.values() ?? [])].flatMap((member): Action[] => {
    const { instanceId, group } = member;
    if (member.role !== "manager" || !inService(member)) return [];
    const [node, ...others] = nodesOf.get(instanceId) ?? [];
    if (node && [node, ...others].every(({ role }) => role === "worker"))
      return [
        lookAt(
          { instanceId, node },
          "D9",
          `in service in group ${group} of managers, but its node ${node.nodeId} is a worker: docker node promote ${node.nodeId}, if it is to be a manager`,
        ),
      ];
    if (!node && named)
      return [
        lookAt(
          { instanceId },
          "A12",
          `in service in group ${group} of managers, and not in the swarm: join it by hand (docker swarm join-token manager, on a manager)`,
        ),
      ];
    return [];
  });
};
