// The clients that the tool calls AWS with: as the `aws` command does, with the person's own rights.
import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SSMClient } from "@aws-sdk/client-ssm";

export interface Clients {
  autoScaling: AutoScalingClient;
  lambda: LambdaClient;
  systemsManager: SSMClient;
  /** Where they call. @throws when neither the command line nor the environment nor the profile says it */
  region(): Promise<string>;
  /** Closes their connections, so that the tool can end. */
  destroy(): void;
}

/** The SDK waits longer each time: some seconds of throttling are sat out. */
const MOST_ATTEMPTS = 6;

export const createClients = (region: string | undefined, environment: NodeJS.ProcessEnv): Clients => {
  // The SDK for JavaScript reads AWS_REGION alone of the two; the `aws` command knows the other as well.
  const chosen = region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  const options = { maxAttempts: MOST_ATTEMPTS, ...(chosen ? { region: chosen } : {}) };
  const autoScaling = new AutoScalingClient(options);
  const lambda = new LambdaClient(options);
  const systemsManager = new SSMClient(options);
  return {
    autoScaling,
    lambda,
    systemsManager,
    region: () => lambda.config.region(),
    destroy: () => {
      autoScaling.destroy();
      lambda.destroy();
      systemsManager.destroy();
    },
  };
};
