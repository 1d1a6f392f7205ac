// The world of a function in Lambda: SDK clients made once, configuration read once.
import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import { SSMClient } from "@aws-sdk/client-ssm";
import { readConfig } from "../config/config.ts";
import { createLog } from "../log.ts";
import type { World } from "./world.ts";

/** @throws ConfigError when the environment is wrong. */
export const createWorld = (serviceName: string): World => {
  const config = readConfig(process.env);
  return {
    autoScaling: new AutoScalingClient(),
    loadBalancing: new ElasticLoadBalancingClient(),
    systemsManager: new SSMClient(),
    config,
    log: createLog(serviceName, config),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    now: () => Date.now(),
  };
};
