// Instances that somebody put aside: kept for their logs, in Standby, asleep in a warm pool. They are named, with what they still hold;
// a person ends it.
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import type { Picture } from "./picture.ts";
import { reachable } from "./picture.ts";
import type { Member } from "./snapshot.ts";

export const planKept = (picture: Picture): Action[] =>
  [...(picture.members?.values() ?? [])]
    .filter(({ instanceId }) => !picture.busy?.has(instanceId))
    .flatMap((member) => kept(picture, member));

const kept = (picture: Picture, member: Member): Action[] => {
  const { instanceId, lifecycleState: state, group } = member;
  const nodes = picture.nodesOf.get(instanceId) ?? [];
  if (state === "Terminating:Retained")
    return [
      action(
        "look-at-kept",
        { instanceId },
        `kept by group ${group} because its logs could not be shipped, and billed until somebody ends it; ${holdings(picture, member)}. Save the logs or see that they ship, then: aws autoscaling terminate-instance-in-auto-scaling-group --instance-id ${instanceId} --no-should-decrement-desired-capacity`,
        { forPerson: true },
      ),
    ];
  if (state === "Standby")
    return [
      lookAt(
        { instanceId },
        "A12",
        `in Standby in group ${group}: somebody put it there, and no hook tells when it ends; ${holdings(picture, member)}. When done: aws autoscaling exit-standby --auto-scaling-group-name ${group} --instance-ids ${instanceId}`,
      ),
    ];
  const [node] = nodes;
  if (/^Warmed:(Stopped|Running|Hibernated)$/.test(state) && node && picture.busy)
    return [
      lookAt(
        { instanceId, node },
        "A13",
        `in the warm pool of group ${group} (${state}), and still in the swarm: ${holdings(picture, member)}. Its return was not finished; docker node rm --force ${node.nodeId}, once it runs nothing`,
      ),
    ];
  return [];
};

/** What it still has of the cluster, as far as that is known. */
const holdings = (picture: Picture, { instanceId }: Member): string => {
  const standing = picture.balanced?.get(instanceId)?.standing;
  const nodes = picture.nodesOf.get(instanceId) ?? [];
  const held = [
    ...nodes.map(
      ({ nodeId, state, availability, running }) =>
        `node ${nodeId} (${state}, ${availability}, ${running} tasks running)`,
    ),
    ...(standing === undefined ? [] : [`a place at the load balancer (${standing})`]),
  ];
  const unread = [
    ...(picture.nodes ? [] : ["the swarm could not be read"]),
    ...(picture.snapshot.balancer?.known === false ? ["the load balancer could not be read"] : []),
  ];
  const answers = reachable(picture, instanceId);
  const agent = answers === undefined ? [] : [`its SSM agent ${answers ? "answers" : "does not answer"}`];
  const holds = held.length > 0 ? [`it still holds ${held.join(" and ")}`] : [];
  const nothing = held.length + unread.length === 0 ? ["it holds nothing else of the cluster"] : [];
  return [...holds, ...nothing, ...unread, ...agent].join(", ");
};
