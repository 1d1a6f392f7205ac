// The services that the sandbox's endpoint speaks, described by the SDK client packages that are installed.

import { type ClientConfiguration, describeService, type ServiceDescription } from "./schema.ts";
import { stsDescription } from "./sts.ts";

export type Catalogue = ReadonlyMap<string, ServiceDescription>;

interface ClientPackage {
  load: () => Promise<Readonly<Record<string, unknown>>>;
  client: string;
}

const packages: Readonly<Record<string, ClientPackage>> = {
  autoscaling: { load: () => import("@aws-sdk/client-auto-scaling"), client: "AutoScalingClient" },
  elasticloadbalancing: {
    load: () => import("@aws-sdk/client-elastic-load-balancing"),
    client: "ElasticLoadBalancingClient",
  },
  ssm: { load: () => import("@aws-sdk/client-ssm"), client: "SSMClient" },
  ecr: { load: () => import("@aws-sdk/client-ecr"), client: "ECRClient" },
  events: { load: () => import("@aws-sdk/client-eventbridge"), client: "EventBridgeClient" },
  sqs: { load: () => import("@aws-sdk/client-sqs"), client: "SQSClient" },
  lambda: { load: () => import("@aws-sdk/client-lambda"), client: "LambdaClient" },
};

/** Loads the descriptions of the named services (signing names); of all of them by default. */
export const loadCatalogue = async (
  signingNames: readonly string[] = [...Object.keys(packages), "sts"],
): Promise<Catalogue> =>
  new Map(await Promise.all(signingNames.map(async (name) => [name, await describe(name)] as const)));

const describe = async (signingName: string): Promise<ServiceDescription> => {
  if (signingName === "sts") return stsDescription;
  const found = packages[signingName];
  if (found === undefined) throw new Error(`No SDK client package is known for the service ${signingName}.`);
  const exports = await found.load();
  // The protocol and the signing name are in every client's configuration, but not in its public type.
  const Client = exports[found.client] as new (options: {
    region: string;
  }) => { config: ClientConfiguration };
  return describeService(exports, new Client({ region: "us-east-1" }).config);
};
