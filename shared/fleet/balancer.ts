// Who is behind the load balancer, against who should be: every worker in service whose node is ready and active, and nobody else.
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import { quietWorkers } from "./nodes.ts";
import { type Picture, reachable } from "./picture.ts";
import type { BalancerMember } from "./snapshot.ts";

export const planBalancer = (picture: Picture, loadBalancer: string | undefined): Action[] => {
  const { balanced, members, busy, nodes } = picture;
  if (loadBalancer === undefined || !balanced || !members || !busy || !nodes) return [];
  return [
    ...missing(picture, balanced, loadBalancer),
    ...[...balanced.values()].flatMap((member) => tooMany(picture, member, loadBalancer)),
  ];
};

const missing = (
  picture: Picture,
  balanced: ReadonlyMap<string, BalancerMember>,
  loadBalancer: string,
): Action[] =>
  quietWorkers(picture).flatMap(({ instanceId, group }) => {
    const [node, ...others] = (picture.nodesOf.get(instanceId) ?? []).filter(
      ({ state }) => state === "ready",
    );
    if (!node || others.length > 0 || node.availability !== "active" || node.retiring) return [];
    const member = balanced.get(instanceId);
    if (!member) {
      const attached = picture.snapshot.balancer?.known && picture.snapshot.balancer.value.attached;
      const why = attached
        ? `group ${group} registers an instance once, when it launches, and not again`
        : "its registration was taken back, or never came through";
      const reason = `in service and active in the swarm (${node.running} tasks running), but not at load balancer ${loadBalancer}: ${why}; it is registered`;
      return [action("register-instance", { instanceId }, reason)];
    }
    // While tasks are replaced, a host is out for a moment.
    if (member.standing !== "out-of-service" || node.running === 0 || picture.rolls?.length) return [];
    const reason = `${node.running} tasks run on it, and load balancer ${loadBalancer} holds it for out of service: ${member.description}`;
    return [lookAt({ instanceId, node }, "Classic ELB", reason)];
  });

const tooMany = (
  picture: Picture,
  { instanceId, ...seen }: BalancerMember,
  loadBalancer: string,
): Action[] => {
  if (seen.standing === "draining" || picture.busy?.has(instanceId)) return [];
  const member = picture.members?.get(instanceId);
  if (member?.role === "manager")
    return [
      lookAt(
        { instanceId },
        "Classic ELB",
        `a manager (group ${member.group}) is registered at load balancer ${loadBalancer} (${seen.standing}): it serves requests of the workers' services; deregister it unless that is meant`,
      ),
    ];
  // Of ours: its group and its hook decide.
  if (member) return [];
  const answers = reachable(picture, instanceId);
  if (answers === undefined) return [];
  const nodes = picture.nodesOf.get(instanceId) ?? [];
  const signs = [
    ...(seen.standing === "in-service" ? ["it serves requests"] : []),
    ...(answers ? ["its SSM agent answers"] : []),
    ...(nodes.some(({ state }) => state !== "down") ? ["it has a node in the swarm"] : []),
  ];
  // Whoever was never heard of here may be about to come up: somebody registered it on purpose.
  const ours = nodes.length > 0 || picture.agents?.has(instanceId) === true;
  const known = `registered at load balancer ${loadBalancer} (${seen.standing}: ${seen.description}), and no group knows it`;
  if (signs.length === 0 && ours)
    return [
      action("deregister-instance", { instanceId }, `${known}: the machine is gone; it is deregistered`),
    ];
  const why =
    signs.length > 0
      ? `but it is alive (${signs.join(", ")}): detached or registered by hand`
      : "and neither agent nor node of it was ever seen here: gone for long, or somebody else's";
  return [
    action("deregister-instance", { instanceId }, `${known}; ${why}. It would be deregistered`, {
      forPerson: true,
    }),
  ];
};
