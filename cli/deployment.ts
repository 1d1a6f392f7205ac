// Which deployment is meant, and what its parts are called: the names that serverless.yml gives them.

import type { Clients } from "./aws/clients.ts";
import { attempt } from "./aws/failure.ts";
import type { Tool } from "./command.ts";
import { UsageError } from "./options.ts";

export interface Deployment extends Clients {
  cluster: string;
  /** Where it is; what the clients call. */
  regionName: string;
  dispatchFunction: string;
  rollFunction: string;
  planFunction: string;
  repairFunction: string;
  joinFunction: string;
  retireFunction: string;
  historyParameter(service: string): string;
  pauseParameter: string;
  /** Before the name of each SSM document. */
  documentPrefix: string;
}

export interface Place {
  cluster: string;
  stage: string;
  region: string | undefined;
}

const SERVICE = "hive-swarm";
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/;
const REGION = /^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/;

/** @throws UsageError; AwsFailure when nothing says which region */
export const openDeployment = async (tool: Tool, { cluster, stage, region }: Place): Promise<Deployment> => {
  for (const [option, value] of Object.entries({ cluster, stage }))
    if (!NAME.test(value))
      throw new UsageError(`--${option} takes a name such as dev, not ${JSON.stringify(value)}.`);
  if (region !== undefined && !REGION.test(region))
    throw new UsageError(`--region takes a region such as ap-northeast-1, not ${JSON.stringify(region)}.`);
  const clients = tool.clients(region);
  const about = { doing: "find", what: `the region of cluster ${cluster}`, region: "", permission: "" };
  const regionName = await attempt(about, () => clients.region());
  return {
    ...clients,
    cluster,
    regionName,
    dispatchFunction: `${SERVICE}-${stage}-dispatch`,
    rollFunction: `${SERVICE}-${stage}-roll-service`,
    joinFunction: `${SERVICE}-${stage}-join-node`,
    retireFunction: `${SERVICE}-${stage}-retire-node`,
    planFunction: `${SERVICE}-${stage}-plan`,
    repairFunction: `${SERVICE}-${stage}-repair`,
    documentPrefix: `${SERVICE}-${stage}-`,
    pauseParameter: `/${SERVICE}/${cluster}/pause`,
    historyParameter: (service) => `/${SERVICE}/${cluster}/rolls/${service}`,
  };
};
