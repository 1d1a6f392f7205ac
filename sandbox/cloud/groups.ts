// The Auto Scaling groups and the load balancer of the cluster, as its CloudFormation would make them.
import type { GroupConfig, HookConfig } from "../models/auto-scaling/types.ts";
import type { LoadBalancerConfig } from "../models/load-balancing/types.ts";
import { addresses, type CloudConfiguration, names } from "./configuration.ts";

const tags = { [names.clusterTag]: names.cluster };

/** Nothing is launched by itself: how many there are to be is said later, as the owner of an account says it. */
export const groups = (configuration: CloudConfiguration): GroupConfig[] => {
  const { attached, heartbeatSeconds, terminateHookAbandon } = configuration;
  // Whoever does not answer is not to be taken for well: a launch is replaced, a machine with logs is kept.
  const hook = { heartbeatTimeoutSeconds: heartbeatSeconds, defaultResult: "ABANDON" } as const;
  const hooks: HookConfig[] = [
    { ...hook, name: names.joinHook, transition: "autoscaling:EC2_INSTANCE_LAUNCHING" },
    { ...hook, name: names.retireHook, transition: "autoscaling:EC2_INSTANCE_TERMINATING" },
  ];
  return [
    { name: names.managerGroup, role: "manager", min: 0, max: 7, desired: 0, tags, hooks },
    {
      name: names.workerGroup,
      role: "worker",
      min: 0,
      max: 40,
      desired: 0,
      tags,
      terminateHookAbandon,
      loadBalancerNames: attached ? [names.loadBalancer] : [],
      hooks,
    },
  ];
};

export const loadBalancer: LoadBalancerConfig = {
  name: names.loadBalancer,
  drainingTimeoutSeconds: 30,
  listeners: [
    {
      Protocol: "HTTP",
      LoadBalancerPort: 80,
      InstanceProtocol: "HTTP",
      InstancePort: addresses.servicePort,
    },
  ],
  healthCheck: {
    Target: `HTTP:${addresses.servicePort}/health`,
    Interval: 5,
    Timeout: 2,
    HealthyThreshold: 2,
    UnhealthyThreshold: 2,
  },
};
