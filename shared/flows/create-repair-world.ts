// The world of plan and repair in Lambda: SDK clients made once, the registry's in its own region.
import { ECRClient } from "@aws-sdk/client-ecr";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { createWorld } from "./create-world.ts";
import type { RepairWorld } from "./world.ts";

/** @throws ConfigError when the environment is wrong. */
export const createRepairWorld = (serviceName: string): RepairWorld => {
  const world = createWorld(serviceName);
  const { JOIN_FUNCTION = "", RETIRE_FUNCTION = "", ROLL_FUNCTION = "", REPAIR_FUNCTION = "" } = process.env;
  return {
    ...world,
    registry: new ECRClient({ region: world.config.registryRegion }),
    lambda: new LambdaClient(),
    functions: {
      join: JOIN_FUNCTION,
      retire: RETIRE_FUNCTION,
      roll: ROLL_FUNCTION,
      repair: REPAIR_FUNCTION,
    },
  };
};
