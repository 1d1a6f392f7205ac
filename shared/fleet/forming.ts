// Instances of the manager groups that are no managers: they join, and where no swarm was ever formed the first of them forms it.
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import { inService, REPLACE } from "./nodes.ts";
import { type OwnedNode, type Picture, reachable } from "./picture.ts";
import type { Member } from "./snapshot.ts";

/** @param hooks what is planned for those whose launch hook waits: of them one may form the swarm as well. */
export const planForming = (picture: Picture, hooks: readonly Action[]): Action[] => {
  const { members, busy, nodes } = picture;
  if (!members || !busy || !nodes || picture.unrecorded) return [];
  const quiet = [...members.values()].filter(
    (member) => member.role === "manager" && inService(member) && !busy.has(member.instanceId),
  );
  const found = quiet.flatMap((member) => ofMember(picture, member));
  if (picture.formed) return found;
  const isManager = ({ instanceId }: { instanceId?: Member["instanceId"] }): boolean =>
    instanceId !== undefined && members.get(instanceId)?.role === "manager";
  const others = hooks.some((each) => each.kind === "start-join" && isManager(each));
  const underWay = [...busy.keys()].some((instanceId) => isManager({ instanceId }));
  const forms = others || underWay ? undefined : found.find(({ kind }) => kind === "join-instance");
  return found.filter((each) => each.kind !== "join-instance" || each === forms);
};

const ofMember = (picture: Picture, member: Member): Action[] => {
  const { nodes = [], nodesOf } = picture;
  const own = nodesOf.get(member.instanceId) ?? [];
  const [node, ...others] = own;
  if (node) return own.every(({ role }) => role === "worker") ? asWorker(member, node, others.length) : [];
  // One that nobody can name may be this one.
  const named = nodes.every(({ role, owner }) => role !== "manager" || owner !== undefined);
  return named ? outside(picture, member) : [];
};

const outside = (picture: Picture, { instanceId, group }: Member): Action[] => {
  const seen = `in service in group ${group} of managers, and not in the swarm`;
  const answers = reachable(picture, instanceId);
  if (answers === undefined) return [];
  if (!answers)
    return [
      lookAt(
        { instanceId },
        "S1",
        `${seen}; its SSM agent does not answer, so nothing can be done on it: ${REPLACE}`,
      ),
    ];
  const follows = picture.formed
    ? "it joins as a manager"
    : "none was ever formed: it forms it, and the others join";
  return [action("join-instance", { instanceId }, `${seen}; ${follows}`)];
};

const asWorker = ({ instanceId, group }: Member, node: OwnedNode, others: number): Action[] => {
  const { nodeId, state, retiring, doubted } = node;
  const about = { instanceId, node };
  const seen = `in service in group ${group} of managers, but its node ${nodeId} is a worker`;
  const whole = others === 0 && state === "ready" && !retiring && !doubted;
  const its = node.instanceId === "" || node.instanceId === instanceId;
  if (whole && its)
    return [
      action("promote-node", about, `${seen}; it would be promoted, and have a vote`, { forPerson: true }),
    ];
  const why = others > 0 ? `one of ${others + 1} nodes` : `${state}${retiring ? ", retiring" : ""}`;
  return [
    lookAt(
      about,
      "D9",
      `${seen} (${why}, label ${node.instanceId || "none"}): docker node promote ${nodeId}, once it is the right one and ready`,
    ),
  ];
};
