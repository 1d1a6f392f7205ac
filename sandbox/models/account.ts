// The account that the sandbox pretends to be, and the names its resources get there.

export interface Account {
  id: string;
  region: string;
}

export const sandboxAccount: Account = { id: "123456789012", region: "ap-northeast-1" };

/** The registry need not be where the swarm is, and the team's is not. */
export const sandboxRegistry: Account = { ...sandboxAccount, region: "us-east-1" };

export const groupArn = (account: Account, group: string): string =>
  `arn:aws:autoscaling:${account.region}:${account.id}:autoScalingGroup:*:autoScalingGroupName/${group}`;

export const instanceArn = (account: Account, instanceId: string): string =>
  `arn:aws:ec2:${account.region}:${account.id}:instance/${instanceId}`;

export const parameterArn = (account: Account, name: string): string =>
  `arn:aws:ssm:${account.region}:${account.id}:parameter/${name.replace(/^\//, "")}`;

export const busArn = ({ id, region }: Account, name = "default"): string =>
  name.startsWith("arn:") ? name : `arn:aws:events:${region}:${id}:event-bus/${name}`;

export const repositoryArn = ({ id, region }: Account, repository: string): string =>
  `arn:aws:ecr:${region}:${id}:repository/${repository}`;
