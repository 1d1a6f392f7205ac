// The SSM agents of the whole cluster, found by the tag that its instances carry: also one that no group knows any more.
import {
  DescribeInstanceInformationCommand,
  type DescribeInstanceInformationCommandOutput,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { type Agent, agentsIn } from "./run-command.ts";

/** The same tag by which roles may send commands (cluster/operator.yml). */
const TAG = "hive-swarm:cluster";

/** To the last page, fifty a call: an agent that is missing would look as if its machine were gone. */
export const describeClusterAgents = async (client: SSMClient, cluster: string): Promise<Agent[]> => {
  const agents: Agent[] = [];
  let NextToken: string | undefined;
  do {
    const answer: DescribeInstanceInformationCommandOutput = await client.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: `tag:${TAG}`, Values: [cluster] }],
        MaxResults: 50,
        NextToken,
      }),
    );
    agents.push(...agentsIn(answer));
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
  return agents;
};
