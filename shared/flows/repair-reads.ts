// The parts of the picture that AWS's own APIs give: each is one call, or a page of calls, and fails as a whole.
import { describeGroups } from "../aws/auto-scaling.ts";
import { runningExecutions } from "../aws/executions.ts";
import { describeMemberships } from "../aws/load-balancing.ts";
import type { BalancerMember, FlowView, Member } from "../fleet/snapshot.ts";
import type { RepairWorld } from "./world.ts";

export interface Groups {
  members: Member[];
  /** Those that register with the load balancer by themselves. */
  attached: boolean;
}

export const readGroups = async ({ autoScaling, config }: RepairWorld): Promise<Groups> => {
  const { managerGroups, workerGroups, loadBalancer } = config;
  const names = [...managerGroups, ...workerGroups];
  const groups = await describeGroups(autoScaling, names);
  const missing = names.filter((name) => !groups.some((group) => group.name === name));
  // Its instances would look as if they were gone.
  if (missing.length > 0)
    throw new Error(
      `there is no Auto Scaling group ${missing.join(", ")}: create it, or name the right one in WORKER_GROUPS and MANAGER_GROUPS`,
    );
  return {
    members: groups.flatMap(({ name, instances }) =>
      instances.map(
        (instance): Member => ({
          ...instance,
          group: name,
          role: managerGroups.includes(name) ? "manager" : "worker",
        }),
      ),
    ),
    attached: groups.some(({ loadBalancers }) => loadBalancer && loadBalancers.includes(loadBalancer)),
  };
};

export const readMembers = async (
  { loadBalancing }: RepairWorld,
  loadBalancer: string,
): Promise<BalancerMember[]> => {
  const all = await describeMemberships(loadBalancing, loadBalancer);
  return all.flatMap(({ instanceId, membership }) => {
    const { standing } = membership;
    if (standing === "not-registered" || standing === "terminated") return [];
    return [{ instanceId, standing, description: "description" in membership ? membership.description : "" }];
  });
};

export const readFlows = async (
  { lambda, functions }: RepairWorld,
  which: readonly (keyof RepairWorld["functions"])[],
): Promise<FlowView[]> => {
  const running = await Promise.all(which.map((each) => runningExecutions(lambda, functions[each])));
  return running
    .flat()
    .map(({ name, startedAt }) => ({ name, startedAt: new Date(startedAt).toISOString() }));
};
