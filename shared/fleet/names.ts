// Flows and documents find an instance's nodes by its label. Where a node carries that label that is another's, or a manager, what is right
// for the instance would hit the wrong machine: then it is a person's to do, after the label was mended.
import { lookAt } from "./action.ts";
import type { Action, ActionKind } from "./actions.ts";
import type { OwnedNode, Picture } from "./picture.ts";

/** Kinds that end in something that goes by the label. */
const BY_LABEL: readonly ActionKind[] = [
  "start-join",
  "start-retire",
  "join-instance",
  "activate-node",
  "remove-ghost",
];

/** @param renamed nodes that get their right label in the same plan, before anything else. */
const mindName = (
  { nodes = [], nodesOf, members }: Picture,
  action: Action,
  renamed: ReadonlySet<string>,
): Action => {
  const { kind, instanceId, reason } = action;
  if (instanceId === undefined || !BY_LABEL.includes(kind)) return action;
  const named = nodes.filter((node) => node.instanceId === instanceId);
  // A machine is one node: of several that live under its name or at its address, all but one are other machines.
  const most = kind === "remove-ghost" ? 0 : 1;
  const lives = ({ state }: OwnedNode): boolean => state !== "down";
  const crowded = (nodesOf.get(instanceId) ?? []).filter(lives).length > most;
  const isManager = members?.get(instanceId)?.role === "manager";
  const wrong = named.filter(
    (node) =>
      node.owner !== instanceId ||
      (node.role === "manager" && !isManager) ||
      node.doubted ||
      (crowded && lives(node)),
  );
  const stays = wrong.find((node) => !renamed.has(node.nodeId));
  if (stays) return lookAt({ instanceId, node: stays }, "D10", `${reason}. Not so: ${because(stays)}`);
  const [first] = wrong;
  return first ? { ...action, risk: "person", reason: `${reason}. But first: ${because(first)}` } : action;
};

export const mindNames = (picture: Picture, actions: readonly Action[]): Action[] => {
  const renamed = new Set(
    actions.flatMap(({ kind, nodeId }) => (kind === "label-node" && nodeId !== undefined ? [nodeId] : [])),
  );
  return actions.map((action) => mindName(picture, action, renamed));
};

const because = ({ nodeId, role, address, state, owner, instanceId }: OwnedNode): string =>
  `${role} node ${nodeId} (${state}, ${address || "address unknown"}) carries this instance's label too${
    owner === instanceId || owner === undefined ? "" : `, and is ${owner}'s`
  }; whatever goes by the label would hit it: find out whose it is, and relabel it`;
