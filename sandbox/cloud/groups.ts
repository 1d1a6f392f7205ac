// The groups and load balancers of a template, as their models are configured.
import type { GroupConfig } from "../models/auto-scaling/types.ts";
import type { LoadBalancerConfig } from "../models/load-balancing/types.ts";
import type { LoadBalancerDefinition } from "../template/infrastructure-types.ts";
import type { Template } from "../template/types.ts";

/** @throws Error for a group that the functions know nothing of */
export const groupConfigs = ({ groups, functions }: Template): GroupConfig[] => {
  // The operator itself tells managers from workers by these settings.
  const named = (setting: string, group: string): boolean =>
    functions.some(({ environment }) => environment[setting]?.split(",").includes(group));
  return groups.map(
    ({ name, min, max, desired, tags, hooks, terminateHookAbandon, loadBalancerNames }): GroupConfig => {
      const manager = named("MANAGER_GROUPS", name);
      if (!manager && !named("WORKER_GROUPS", name))
        throw new Error(
          `${name} is a group of the template, and of neither MANAGER_GROUPS nor WORKER_GROUPS.`,
        );
      return {
        name,
        role: manager ? "manager" : "worker",
        min,
        max,
        desired,
        tags: { ...tags },
        hooks: [...hooks],
        terminateHookAbandon,
        loadBalancerNames: [...loadBalancerNames],
      };
    },
  );
};

export const loadBalancerConfig = ({
  name,
  scheme,
  crossZone,
  port,
  instancePort,
  health,
  drainingTimeoutSeconds,
  idleTimeoutSeconds,
}: LoadBalancerDefinition): LoadBalancerConfig => ({
  name,
  scheme,
  crossZone,
  drainingTimeoutSeconds,
  idleTimeoutSeconds,
  listeners: [
    { Protocol: "HTTP", LoadBalancerPort: port, InstanceProtocol: "HTTP", InstancePort: instancePort },
  ],
  healthCheck: {
    Target: `HTTP:${instancePort}${health.path}`,
    Interval: health.intervalSeconds,
    Timeout: health.timeoutSeconds,
    HealthyThreshold: health.healthyThreshold,
    UnhealthyThreshold: health.unhealthyThreshold,
  },
});

/** Of a group's machines, as their metadata service names it. */
export const roleNameOf = ({ groups, roles }: Template, group: string): string => {
  const arn = groups.find(({ name }) => name === group)?.roleArn;
  const role = roles.find((each) => each.arn === arn);
  if (role !== undefined) return role.name;
  throw new Error(`The template has no role for machines of ${group}.`);
};

/** @throws Error where it is not one: there is one haproxy. */
export const onlyLoadBalancer = ({ loadBalancers }: Template): LoadBalancerDefinition => {
  const [only, ...others] = loadBalancers;
  if (only !== undefined && others.length === 0) return only;
  throw new Error(`The template has ${loadBalancers.length} load balancers; the sandbox has one.`);
};
