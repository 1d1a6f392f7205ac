// Nodes that no group stands behind: their instance is gone, or was detached by hand and lives on, or nobody can tell whose they are.
// Only what is proved gone is removed: no group knows it, the managers see it down, and its agent does not answer.
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import { type OwnedNode, type Picture, reachable } from "./picture.ts";

export const planGhosts = (picture: Picture): Action[] => {
  const { members, busy, nodes = [] } = picture;
  if (!members || !busy) return [];
  return nodes.flatMap((node) => {
    // Managers are judged by themselves; a node that reads `unknown` is not judged at all (docs/facts.md, D12).
    if (node.role !== "worker" || !["ready", "down"].includes(node.state)) return [];
    if (node.owner === undefined) return nobodys(picture, node);
    return members.has(node.owner) || busy.has(node.owner) ? [] : orphaned(picture, node, node.owner);
  });
};

/** Swarm goes on calling tasks running whose node is down. */
const describe = ({ state, availability, running, activeSince }: OwnedNode): string =>
  `${state}, ${availability}, ${running} tasks ${state === "down" ? "ran there last" : "running"}, ${activeSince ? `active since ${activeSince}` : "never active"}`;

/** Labelled, and no group knows the instance. */
const orphaned = (
  picture: Picture,
  node: OwnedNode,
  instanceId: NonNullable<OwnedNode["owner"]>,
): Action[] => {
  const about = { instanceId, node };
  if (node.state === "ready")
    return [
      lookAt(
        about,
        "A12",
        `node ${node.nodeId} (${describe(node)}) is alive, and no group knows its instance: it was detached by hand, which runs no terminate hook. Attach it again, or drain it, see that its logs have been shipped, and remove it`,
      ),
    ];
  const answers = reachable(picture, instanceId);
  if (answers === undefined) return [];
  if (answers)
    return [
      lookAt(
        about,
        "A12",
        `node ${node.nodeId} is down and no group knows its instance, but its SSM agent answers: a machine that was detached by hand, with Docker stopped. Its logs may still be there; look before you remove the node`,
      ),
    ];
  return [
    action(
      "remove-ghost",
      about,
      `node ${node.nodeId} (${describe(node)}): no group knows its instance and its SSM agent does not answer, so the machine is gone; the node is removed`,
    ),
  ];
};

/** No label, and no agent of ours at its address. */
const nobodys = ({ agents, busy }: Picture, node: OwnedNode): Action[] => {
  // Without the agents' addresses it could be any instance's; and a join that runs has a node without a label for a while.
  if (!agents || (busy?.size && node.availability !== "active")) return [];
  const seen = `node ${node.nodeId} at ${node.address || "an unknown address"} (${describe(node)}) carries no label hive.instance-id, and no instance of ours has its address`;
  if (node.state === "down" && node.availability === "drain" && !node.activeSince)
    return [
      action("remove-ghost", { node }, `${seen}: left of a join that was cut off; it would be removed`, {
        forPerson: true,
      }),
    ];
  return [
    lookAt(
      { node },
      "D10",
      `${seen}: nobody retires it or gives it images. Put its machine into the group, label it, or take it out of the swarm`,
    ),
  ];
};
