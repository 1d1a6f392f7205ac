// What retiring an instance would do: to itself, to its group, to the quorum. Nothing of it is done here.
import { counted } from "../follow/news.ts";
import { plain } from "../terminal/text.ts";
import { type InstanceFacts, memberIn } from "./facts.ts";
import { holdings, quorumText } from "./holdings.ts";

export interface Prospect {
  /** What would happen, a line each. */
  lines: readonly string[];
  /** What a person should weigh first. */
  warnings: readonly string[];
  /** Why it cannot be done at all. */
  impossible: readonly string[];
}

const KEPT = "Terminating:Retained";
const GOING = /^Terminating(:Wait|:Proceed)?$/;

/** It is on its way already: there is nothing left to ask for. */
export const isGoing = ({ member }: InstanceFacts): boolean => GOING.test(member?.lifecycleState ?? "");

export const prospectOf = (facts: InstanceFacts, decrement: boolean): Prospect => {
  const { member, group, instanceId, report } = facts;
  const { picture } = report;
  if (!member || !group)
    return none([
      `no Auto Scaling group knows ${instanceId}: there is nothing that could be terminated through it`,
    ]);
  if (!picture.members.known)
    return none([
      `the members of the cluster's groups could not be read, so whether it is one is unknown: ${picture.members.because}`,
    ]);
  if (!memberIn(picture, instanceId)) return none([`its group ${member.group} is none of this cluster's`]);
  const isKept = kept(facts);
  const quorum = quorumText(picture, instanceId);
  return {
    lines: (isKept ? keptLines() : livingLines(facts)).concat(
      isGoing(facts) ? [] : capacityLines(facts, decrement, isKept),
    ),
    warnings: [
      ...(isKept ? ["what its logs still hold is lost with it, unless somebody has saved it"] : []),
      ...(!isKept && !hasHook(facts)
        ? [
            `group ${group.name} has no hook for terminations: nothing is drained, and logs that were not shipped are lost`,
          ]
        : []),
      ...(quorum ? [`it is a manager: ${quorum.text}`] : []),
      ...(quorum?.lost
        ? ["the quorum would be lost: its retirement holds until another manager is there"]
        : []),
      ...(picture.swarm.known ? [] : ["the swarm could not be read: its node and its tasks are unknown"]),
    ].map(plain),
    impossible: [
      ...(decrement && !isKept && group.desired <= group.least
        ? [
            `group ${group.name} wants ${group.desired} and must have ${group.least}: its capacity cannot be decremented (lower its minimum, or keep the capacity)`,
          ]
        : []),
      ...(quorum?.lost && !isKept && !hasHook(facts)
        ? [
            `${quorum.text}: the quorum would be lost, and group ${group.name} has no hook that would hold it back`,
          ]
        : []),
    ].map(plain),
  };
};

const none = (impossible: readonly string[]): Prospect => ({
  lines: [],
  warnings: [],
  impossible: impossible.map(plain),
});

const keptLines = (): string[] => ["it is terminated at once: it has left swarm and load balancer already"];

const kept = ({ member }: InstanceFacts): boolean => member?.lifecycleState === KEPT;

const hasHook = ({ group }: InstanceFacts): boolean =>
  group?.hooks.some(({ transition }) => transition === "terminate") === true;

const livingLines = (facts: InstanceFacts): string[] => {
  const { report, instanceId } = facts;
  const { picture } = report;
  if (!hasHook(facts)) return ["it is terminated at once, and nothing is done before"];
  return [
    ...(picture.balancer ? ["it leaves the load balancer, and its connections drain"] : []),
    ...(memberIn(picture, instanceId)?.role === "manager"
      ? ["another manager demotes it first; that holds as long as the quorum would be lost"]
      : []),
    `its node is drained: its tasks go to ${othersIn(facts)}, where they have room`,
    "every line of its logs is shipped; if that is not proved in time, UNSHIPPED decides (kept, rescued, given up)",
    "it leaves the swarm, its node is removed, and it is terminated",
  ];
};

/** Workers that could take its tasks. */
const othersIn = ({ report, instanceId }: InstanceFacts): string => {
  const { swarm } = report.picture;
  if (!swarm.known) return "other workers";
  const others = swarm.value.nodes.filter(
    ({ role, availability, state, ...node }) =>
      role === "worker" && availability === "active" && state === "ready" && node.instanceId !== instanceId,
  ).length;
  if (others === 0) return "no other worker: none is ready";
  return `the ${counted(others, "other worker")} that ${others === 1 ? "is" : "are"} ready`;
};

const capacityLines = ({ group }: InstanceFacts, decrement: boolean, isKept: boolean): string[] => {
  // It does not count any more.
  if (isKept || !group) return [];
  return [
    decrement
      ? `group ${group.name} wants ${group.desired - 1} instances then instead of ${group.desired}: none comes in its place`
      : `group ${group.name} still wants ${group.desired} instances: it launches another`,
  ];
};

export const prospectPage = (title: string, facts: InstanceFacts, { lines, warnings }: Prospect): string =>
  [
    title,
    ...holdings(facts.report.picture, facts.instanceId).map((line) => `  ${line}`),
    "",
    ...(lines.length > 0 ? [kept(facts) ? "Ended," : "Retired,", ...lines.map((line) => `  ${line}`)] : []),
    ...warnings.map((line) => `Mind: ${line}`),
  ].join("\n");
