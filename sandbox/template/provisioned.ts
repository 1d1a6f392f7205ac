// What the sandbox makes of a template: types of resources, and of each the properties that it goes by, and why it does not go by the
// others. What is in neither list, here or in not-emulated.ts, makes `up` fail (accounted.ts): nothing is left away in silence.

interface Provisioned {
  read: readonly string[];
  ignored?: Readonly<Record<string, string>>;
}

const WORDS = "words for people";
const ONE_NETWORK = "all machines stand on one bridge of this machine";

export const PROVISIONED: Readonly<Record<string, Provisioned>> = {
  "AWS::AutoScaling::AutoScalingGroup": {
    read: [
      "AutoScalingGroupName",
      "DesiredCapacity",
      "HealthCheckType",
      "InstanceLifecyclePolicy",
      "LaunchTemplate",
      "LifecycleHookSpecificationList",
      "LoadBalancerNames",
      "MaxSize",
      "MinSize",
      "Tags",
    ],
    ignored: {
      DefaultInstanceWarmup: "nothing scales by itself here",
      HealthCheckGracePeriod: "machines are looked at from the moment they run, which is a grace period of 0",
      InstanceMaintenancePolicy: "instance refreshes are not modelled",
      MetricsCollection: "there is no CloudWatch",
      VPCZoneIdentifier: ONE_NETWORK,
    },
  },
  "AWS::EC2::LaunchTemplate": {
    read: ["IamInstanceProfile", "MetadataOptions"],
    ignored: {
      BlockDeviceMappings: "a machine's disk is a private layer over this machine's",
      ImageId: "this machine's own system is the image",
      InstanceType: "machines share this machine's processors",
      Monitoring: "there is no CloudWatch",
      SecurityGroupIds: ONE_NETWORK,
      TagSpecifications: "the group's tags are the same, and reach each machine",
      UserData: "a stand-in boots the machines; test/unit/boot-script.test.ts runs the real first boot",
    },
  },
  "AWS::ElasticLoadBalancing::LoadBalancer": {
    read: [
      "ConnectionDrainingPolicy",
      "ConnectionSettings",
      "CrossZone",
      "HealthCheck",
      "Listeners",
      "LoadBalancerName",
      "Scheme",
    ],
    ignored: {
      SecurityGroups: ONE_NETWORK,
      Subnets: ONE_NETWORK,
      Tags: "nobody asks for a load balancer by its tags",
    },
  },
  "AWS::Events::Rule": {
    read: ["EventPattern", "Name", "ScheduleExpression", "State", "Targets"],
    ignored: { Description: WORDS },
  },
  "AWS::IAM::InstanceProfile": { read: ["Roles"] },
  "AWS::IAM::Policy": { read: ["PolicyDocument", "PolicyName", "Roles"] },
  "AWS::IAM::Role": {
    read: ["Policies"],
    ignored: {
      AssumeRolePolicyDocument: "who has which role is given: functions theirs, machines their group's",
    },
  },
  "AWS::Lambda::Alias": { read: ["FunctionName", "FunctionVersion", "Name"] },
  "AWS::Lambda::EventInvokeConfig": {
    read: ["DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"],
    ignored: { Qualifier: "a function has one version here" },
  },
  "AWS::Lambda::Function": {
    read: [
      "DeadLetterConfig",
      "DurableConfig",
      "Environment",
      "FunctionName",
      "Handler",
      "MemorySize",
      "Role",
      "Timeout",
    ],
    ignored: {
      Architectures: "functions run on this machine's own",
      Code: "the bundles in dist/ are run, which is what is in the archives",
      Description: WORDS,
      Runtime: "functions run on the project's own Node",
      Tags: "nobody asks for a function by its tags",
    },
  },
  "AWS::Lambda::Permission": {
    read: ["FunctionName", "SourceArn"],
    ignored: { Action: "there is one, to invoke", Principal: "there is one, EventBridge" },
  },
  "AWS::Lambda::Version": {
    read: ["FunctionName"],
    ignored: { CodeSha256: "a function has one version here", Description: WORDS },
  },
  "AWS::SQS::Queue": {
    read: [],
    ignored: {
      MessageRetentionPeriod: "a sandbox does not live for days",
      SqsManagedSseEnabled: "nothing is encrypted at rest here",
    },
  },
  "AWS::SSM::Document": {
    read: ["Content", "Name"],
    ignored: {
      DocumentFormat: "the content is read as what it is",
      DocumentType: "there are commands alone",
      TargetType: "there are machines alone",
      UpdateMethod: "a sandbox is deployed once",
    },
  },
  "AWS::SSM::Parameter": { read: ["Name", "Tier", "Type", "Value"], ignored: { Description: WORDS } },
};
