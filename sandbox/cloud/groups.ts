// The Auto Scaling groups and the load balancer of the cluster, as its CloudFormation would make them.
import type { GroupConfig } from "../models/auto-scaling/types.ts";
import type { LoadBalancerConfig } from "../models/load-balancing/types.ts";
import { addresses, type CloudConfiguration, names } from "./configuration.ts";

const tags = { [names.clusterTag]: names.cluster };

/** Workers are launched later: there is no swarm to join yet. */
export const groups = (configuration: CloudConfiguration): GroupConfig[] => {
  const { managers, attached, heartbeatSeconds, terminateHookAbandon } = configuration;
  // Whoever does not answer is not to be taken for well: a launch is replaced, a machine with logs is kept.
  const hook = { heartbeatTimeoutSeconds: heartbeatSeconds, defaultResult: "ABANDON" } as const;
  return [
    { name: names.managerGroup, role: "manager", min: 0, max: 7, desired: managers, tags },
    {
      name: names.workerGroup,
      role: "worker",
      min: 0,
      max: 40,
      desired: 0,
      tags,
      terminateHookAbandon,
      loadBalancerNames: attached ? [names.loadBalancer] : [],
      hooks: [
        { ...hook, name: names.joinHook, transition: "autoscaling:EC2_INSTANCE_LAUNCHING" },
        { ...hook, name: names.retireHook, transition: "autoscaling:EC2_INSTANCE_TERMINATING" },
      ],
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
