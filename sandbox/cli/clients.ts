// The SDK's own clients, pointed at a sandbox.
import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { names, operatorKeys } from "../cloud/configuration.ts";

export interface Clients {
  autoScaling: AutoScalingClient;
  loadBalancing: ElasticLoadBalancingClient;
  systemsManager: SSMClient;
  /** In the registry's region. */
  registry: ECRClient;
  events: EventBridgeClient;
  /** In the registry's region. */
  registryEvents: EventBridgeClient;
  lambda: LambdaClient;
  queues: SQSClient;
  /** Closes their connections. */
  destroy(): void;
}

/** @param endpoint for example `http://127.0.0.1:4566` */
export const clientsOf = (endpoint: string): Clients => {
  const options = { endpoint, region: names.region, credentials: { ...operatorKeys } };
  const clients = {
    autoScaling: new AutoScalingClient(options),
    loadBalancing: new ElasticLoadBalancingClient(options),
    systemsManager: new SSMClient(options),
    registry: new ECRClient({ ...options, region: names.registryRegion }),
    events: new EventBridgeClient(options),
    registryEvents: new EventBridgeClient({ ...options, region: names.registryRegion }),
    lambda: new LambdaClient(options),
    queues: new SQSClient(options),
  };
  return {
    ...clients,
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
};
