// What DescribeInstanceHealth says of an instance, in the load balancer's own words: flows go by the description.
import type { InstanceState } from "@aws-sdk/client-elastic-load-balancing";

export type Standing = "draining" | "in service" | "registering" | "unhealthy" | "not registered";

const WORDS: Record<Standing, Omit<InstanceState, "InstanceId">> = {
  draining: {
    State: "InService",
    ReasonCode: "N/A",
    Description: "Instance deregistration currently in progress.",
  },
  "in service": { State: "InService", ReasonCode: "N/A", Description: "N/A" },
  registering: {
    State: "OutOfService",
    ReasonCode: "ELB",
    Description: "Instance registration is still in progress.",
  },
  unhealthy: {
    State: "OutOfService",
    ReasonCode: "Instance",
    Description: "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
  },
  "not registered": {
    State: "OutOfService",
    ReasonCode: "Instance",
    Description: "Instance is not currently registered with the LoadBalancer.",
  },
};

export const instanceState = (instanceId: string, standing: Standing): InstanceState => ({
  InstanceId: instanceId,
  ...WORDS[standing],
});
