// The world of roll-service in Lambda: SDK clients made once, the registry's in its own region.
import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { ECRClient } from "@aws-sdk/client-ecr";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SSMClient } from "@aws-sdk/client-ssm";
import { readConfig } from "../config/config.ts";
import { createLog } from "../log.ts";
import type { RollWorld } from "./world.ts";

/** @throws ConfigError when the environment is wrong. */
export const createRollWorld = (serviceName: string): RollWorld => {
  const config = readConfig(process.env);
  return {
    autoScaling: new AutoScalingClient(),
    systemsManager: new SSMClient(),
    registry: new ECRClient({ region: config.registryRegion }),
    eventBus: new EventBridgeClient(),
    config,
    log: createLog(serviceName, config),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    now: () => Date.now(),
  };
};
