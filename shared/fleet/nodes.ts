// Workers in service that are not what they should be: one node each, of their name, ready and active. Only instances that their group
// calls healthy and that no flow is at; what is about to go or to come is the business of its hook.
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import { type OwnedNode, type Picture, reachable } from "./picture.ts";
import type { Member } from "./snapshot.ts";

export const inService = ({ lifecycleState, healthy }: Member): boolean =>
  lifecycleState === "InService" && healthy;

/** The workers that may be acted on. None when it cannot be known which flows run, or what the swarm is, or while there is no swarm. */
export const quietWorkers = ({ members, busy, nodes, nodesOf, formed }: Picture): Member[] =>
  !members || !busy || !nodes || !formed
    ? []
    : [...members.values()].filter(
        (member) =>
          member.role === "worker" &&
          inService(member) &&
          !busy.has(member.instanceId) &&
          // While a leader is elected nodes read `unknown`: that says nothing of them (D12). Managers are another matter.
          (nodesOf.get(member.instanceId) ?? []).every(
            ({ role, state }) => role === "worker" && ["ready", "down"].includes(state),
          ),
      );

export const planNodes = (picture: Picture): Action[] =>
  quietWorkers(picture).flatMap((member) => {
    const nodes = picture.nodesOf.get(member.instanceId) ?? [];
    const ready = nodes.filter(({ state }) => state === "ready");
    const down = nodes.filter(({ state }) => state === "down");
    const [node, second] = ready;
    if (!node) return outside(picture, member, down);
    if (second) return [several(member, node, second)];
    return [...inside(picture, member, node), ...down.map((left) => leftover(member, node, left))];
  });

/** In service, and no node of it works. */
const outside = (picture: Picture, { instanceId, group }: Member, down: readonly OwnedNode[]): Action[] => {
  const ids = down.map(({ nodeId }) => nodeId).join(", ");
  const seen = `in service in group ${group}, and ${ids ? `its node is down (${ids})` : "not in the swarm"}`;
  const about = { instanceId, node: down[0] };
  const answers = reachable(picture, instanceId);
  if (answers === undefined) return [];
  if (!answers)
    return [
      lookAt(about, "S1", `${seen}; its SSM agent does not answer, so nothing can be done on it: ${REPLACE}`),
    ];
  const follows = ids
    ? "the host is asked, and joins anew unless it is in the swarm after all"
    : "it was attached by hand, left the swarm, or its join never ended; it joins now";
  return [action("join-instance", about, `${seen}; ${follows}`)];
};

export const REPLACE =
  "look at the machine, or have it replaced (aws autoscaling set-instance-health --health-status Unhealthy --instance-id …)";

/** In service, with one node that is ready. */
const inside = (picture: Picture, member: Member, node: OwnedNode): Action[] => {
  const { instanceId } = member;
  const about = { instanceId, node };
  const mistaken = node.instanceId !== "" && node.instanceId !== instanceId;
  const reason = `under a wrong name: its label says ${node.instanceId}, and the agent at its address ${node.address} is ${instanceId}'s; its label is to be ${instanceId}`;
  const renamed = mistaken ? [action("label-node", about, reason, { forPerson: true })] : [];
  return [...renamed, ...standing(picture, member, node, mistaken)];
};

const standing = (
  picture: Picture,
  { instanceId, group }: Member,
  node: OwnedNode,
  mistaken: boolean,
): Action[] => {
  const about = { instanceId, node };
  const since = node.activeSince && ` (active since ${node.activeSince})`;
  const answers = reachable(picture, instanceId);
  if (node.retiring)
    return [
      lookAt(
        about,
        "A8",
        `in service, but its retirement began (label hive.retiring, ${node.availability}${since}) and no flow is at it: a Spot warning's flow failed, most likely. Such a node is never set active again; have it replaced (aws autoscaling terminate-instance-in-auto-scaling-group --instance-id ${instanceId} --no-should-decrement-desired-capacity)`,
      ),
    ];
  if (answers === false)
    return [
      lookAt(
        about,
        "S1",
        `in service in group ${group}, ${node.availability} in the swarm, and its SSM agent does not answer: rolls are refused, and its logs could not be proved shipped when it goes; ${REPLACE}`,
      ),
    ];
  if (node.availability !== "active") {
    // Whoever asks for images on the host needs its agent.
    if (answers === undefined) return [];
    const byHand = node.activeSince !== "";
    const reason = byHand
      ? `in service and ready, but ${node.availability}${since}, without the mark of a retirement: somebody set it so by hand; it would be set active again`
      : `in service and ready, but ${node.availability} and never active: its join was cut off before the last step; it is given its images and set active`;
    return [action("activate-node", about, reason, { forPerson: byHand || mistaken })];
  }
  if (node.instanceId !== "") return [];
  return [
    action(
      "label-node",
      about,
      `active without the label hive.instance-id, so no roll and no retirement finds it; its address ${node.address} is ${instanceId}'s, whose name it gets`,
    ),
  ];
};

const several = ({ instanceId }: Member, one: OwnedNode, other: OwnedNode): Action =>
  lookAt(
    { instanceId, node: one },
    "D10",
    `two ready nodes are this instance's by label or address: ${one.nodeId} (label ${one.instanceId || "none"}, ${one.address}) and ${other.nodeId} (label ${other.instanceId || "none"}, ${other.address}); a label hive.instance-id is wrong, and a retirement could drain the wrong machine. Find out which (docker node inspect), and relabel it`,
  );

const leftover = ({ instanceId }: Member, node: OwnedNode, left: OwnedNode): Action =>
  lookAt(
    { instanceId, node: left },
    "D10",
    `node ${left.nodeId} is down and of the same instance as ${node.nodeId}, which is ready: left of an earlier join; docker node rm ${left.nodeId}`,
  );
