// Names and ARNs of resources, as AWS makes them.

const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  "AWS::Lambda::Function": "FunctionName",
  "AWS::SQS::Queue": "QueueName",
  "AWS::IAM::Role": "RoleName",
  "AWS::S3::Bucket": "BucketName",
  "AWS::Logs::LogGroup": "LogGroupName",
  "AWS::IAM::InstanceProfile": "InstanceProfileName",
  "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
  "AWS::ElasticLoadBalancing::LoadBalancer": "LoadBalancerName",
  "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
};

/** In which property a template says the name. */
export const nameProperty = (type: string): string => NAME_PROPERTIES[type] ?? "Name";

interface Where {
  account: string;
  region: string;
}

export const functionArn = (name: string, { account, region }: Where): string =>
  `arn:aws:lambda:${region}:${account}:function:${name}`;

/** undefined: not of a type whose ARN anything here asks for. */
export const arnOf = (type: string, name: string, where: Where): string | undefined => {
  const { account, region } = where;
  switch (type) {
    case "AWS::Lambda::Function":
      return functionArn(name, where);
    case "AWS::SQS::Queue":
      return `arn:aws:sqs:${region}:${account}:${name}`;
    case "AWS::IAM::Role":
      return `arn:aws:iam::${account}:role/${name}`;
    case "AWS::IAM::InstanceProfile":
      return `arn:aws:iam::${account}:instance-profile/${name}`;
    case "AWS::Events::Rule":
      return `arn:aws:events:${region}:${account}:rule/${name}`;
    case "AWS::S3::Bucket":
      return `arn:aws:s3:::${name}`;
    case "AWS::Logs::LogGroup":
      return `arn:aws:logs:${region}:${account}:log-group:${name}:*`;
    case "AWS::SNS::Topic":
      return `arn:aws:sns:${region}:${account}:${name}`;
    default:
      return undefined;
  }
};
