// When a plan is not to be applied, whatever it says, and what could not be judged at all.
import { quorumOf } from "../swarm/quorum.ts";
import type { Action, ActionKind, Plan } from "./actions.ts";
import type { Picture } from "./picture.ts";
import type { Known } from "./snapshot.ts";

/** Kinds that change a worker's place in swarm or load balancer. */
const TOUCHING: readonly ActionKind[] = [
  "join-instance",
  "remove-ghost",
  "activate-node",
  "label-node",
  "register-instance",
  "deregister-instance",
];

/** Flows of hooks hold by themselves, with heartbeats; if none were started the hooks would run out. */
const HOLDING_THEMSELVES: readonly ActionKind[] = ["start-join", "start-retire"];

/** How holds begin that are none of the swarm's: whatever would be done is held. */
const FOR_ALL = ["paused", "the groups' members", "the flows under way", "repair-"];

/** Of a plan's holds those that stand against this action; none: it may be applied, as far as its risk lets. */
export const holdsFor = ({ holds }: Plan, { kind }: Action): string[] =>
  holds.filter(
    (hold) => !HOLDING_THEMSELVES.includes(kind) || FOR_ALL.some((words) => hold.startsWith(words)),
  );

export const holdsOf = (
  picture: Picture,
  actions: readonly Action[],
  mostTouchedPercent: number,
): string[] => {
  const { members, swarm } = picture.snapshot;
  return [
    ...(members.known ? [] : [`the groups' members could not be read (${members.because}): nothing is done`]),
    ...(swarm.known ? swarmHolds(picture) : [`no manager answers (${swarm.because}): nothing is done`]),
    ...tooMuch(picture, actions, mostTouchedPercent),
  ];
};

const swarmHolds = ({ nodes = [], members }: Picture): string[] => {
  const { managers, reachable, needed } = quorumOf(nodes);
  const workers = nodes.filter(({ role }) => role === "worker").length;
  const listed = [...(members?.values() ?? [])].some(({ role }) => role === "worker");
  return [
    ...(nodes.some(({ leader }) => leader)
      ? []
      : ["the swarm has no leader: nothing is done until it has one again"]),
    ...(reachable >= needed
      ? []
      : [`${reachable} of ${managers} managers are reachable, and ${needed} are needed: the quorum is lost`]),
    ...(members && !listed && workers > 0
      ? [
          `the worker groups list no instance at all, and the swarm has ${workers} workers: are the right groups configured?`,
        ]
      : []),
  ];
};

const tooMuch = (picture: Picture, actions: readonly Action[], percent: number): string[] => {
  const touched = new Set(
    actions
      .filter(({ kind }) => TOUCHING.includes(kind))
      .map(({ instanceId, nodeId }) => instanceId ?? nodeId),
  ).size;
  const workers = new Set([
    ...[...(picture.members?.values() ?? [])]
      .filter(({ role }) => role === "worker")
      .map((m) => m.instanceId),
    ...(picture.nodes ?? []).filter(({ role }) => role === "worker").map((node) => node.owner ?? node.nodeId),
  ]).size;
  const most = Math.max(1, Math.floor((workers * percent) / 100));
  return touched <= most
    ? []
    : [
        `${touched} of ${workers} workers would be touched in swarm or load balancer, and at most ${most} (${percent} %) may be at once: something larger is wrong; look first`,
      ];
};

/** What each part is for: said when it is missing. */
const missing = (part: Known<unknown> | undefined, what: string, so: string): string[] =>
  !part || part.known ? [] : [`${what}: ${part.because}; ${so}`];

export const unknownOf = ({ snapshot, nodes = [] }: Picture): string[] => {
  const unclear = nodes.filter(({ state }) => !["ready", "down"].includes(state));
  const some = unclear.slice(0, 3).map(({ nodeId, owner }) => owner ?? nodeId);
  return [
    ...missing(snapshot.members, "group members", "no hook, no ghost and no instance was judged"),
    ...missing(
      snapshot.agents,
      "SSM agents",
      "which machines answer was not judged: none is joined, none taken for gone",
    ),
    ...missing(snapshot.swarm, "swarm", "no node, no service and no place at the load balancer was judged"),
    ...missing(snapshot.balancer, "load balancer", "who is behind it was not judged"),
    ...missing(
      snapshot.flows,
      "running flows",
      "nothing was judged that a flow could be at: hooks, nodes, load balancer, rolls",
    ),
    ...missing(snapshot.newest, "newest images", "whether services run what was pushed last was not judged"),
    ...(unclear.length > 0
      ? [
          `${unclear.length} nodes are neither ready nor down (${some.join(", ")}${unclear.length > some.length ? ", …" : ""}): a leader may just have changed (D12); they were not judged`,
        ]
      : []),
  ];
};
