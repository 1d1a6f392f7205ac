// When a plan is not to be applied, whatever it says, and what could not be judged at all.
import { quorumOf } from "../swarm/quorum.ts";
import type { Action, ActionKind, Plan } from "./actions.ts";
import { pauseText } from "./pause.ts";
import type { Picture } from "./picture.ts";
import type { FlowView, Known, Snapshot } from "./snapshot.ts";

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
  { self, mostTouchedPercent }: { self?: string; mostTouchedPercent: number },
): string[] => {
  const { members, swarm, flows, paused } = picture.snapshot;
  return [
    ...(paused.known
      ? paused.value
        ? [`${pauseText(paused.value)}; hive-swarm resume ends it`]
        : []
      : [`paused or not could not be read (${paused.because}): nothing is done`]),
    ...(members.known ? [] : [`the groups' members could not be read (${members.because}): nothing is done`]),
    ...(flows.known
      ? otherRepairs(flows.value, self)
      : [`the flows under way could not be read (${flows.because}): nothing is done`]),
    ...(swarm.known ? swarmHolds(picture) : [silent(picture.snapshot, swarm.because)]),
    ...tooMuch(picture, actions, mostTouchedPercent),
  ];
};

/** Of two at once the one that began first goes on, by name where they began together. One that does not see itself is the younger. */
const otherRepairs = (flows: readonly FlowView[], self: string | undefined): string[] => {
  const key = ({ startedAt, name }: FlowView): string => `${startedAt} ${name}`;
  const own = flows.find(({ name }) => name === self);
  return flows
    .filter((flow) => flow.name.startsWith("repair-") && flow.name !== self && (!own || key(flow) < key(own)))
    .sort((one, other) => (key(one) < key(other) ? -1 : 1))
    .map(({ name, startedAt }) => `${name} is at it since ${startedAt}: what it does would be done twice`);
};

const silent = ({ record }: Snapshot, because: string): string => {
  const asked = `no manager answers (${because}): nothing is done`;
  if (!record.known || record.value === null) return asked;
  const { formedBy, at } = record.value;
  return `${asked}. ${formedBy} was to form the swarm at ${at}, so no other instance ever forms one: look at the managers first; if all are lost for good, restore the swarm from its backup; if there never was one, delete the parameter that SWARM_PARAMETER names`;
};

const swarmHolds = ({ nodes = [], members, formed, unrecorded, balanced }: Picture): string[] => {
  if (unrecorded)
    return [
      `no swarm is recorded, and ${balanced?.size ?? 0} instances are at the load balancer: it was formed by hand, most likely. The next manager that is launched finds it and has it recorded; or write into the parameter that SWARM_PARAMETER names one of the managers, and when: {"formedBy": "i-…", "at": "…", "tokensAt": "…"}`,
    ];
  if (!formed) return [];
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
  const isManager = ({ instanceId }: Action): boolean =>
    instanceId !== undefined && picture.members?.get(instanceId)?.role === "manager";
  const touched = new Set(
    actions
      .filter((each) => TOUCHING.includes(each.kind) && !isManager(each))
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
    ...missing(
      snapshot.record,
      "record of the swarm",
      "whether one was ever formed, and how old its tokens are, was not judged",
    ),
    ...missing(snapshot.paused, "pause", "whether somebody has paused repairs is not known"),
    ...missing(
      snapshot.stack,
      "stack",
      "whether its services are there, with their replicas, was not judged",
    ),
    ...(unclear.length > 0
      ? [
          `${unclear.length} nodes are neither ready nor down (${some.join(", ")}${unclear.length > some.length ? ", …" : ""}): a leader may just have changed (D12); they were not judged`,
        ]
      : []),
  ];
};
