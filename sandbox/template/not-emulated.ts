// Types of resources that the template makes and the sandbox does not, each with what that means. A type that is in force nowhere in the
// sandbox's template is not listed: it would be news, and whoever brings it decides.

const ONE_NETWORK =
  "all machines stand on one bridge of this machine, and reach each other and it at every port";
const ON_REQUEST =
  "what it would say is computed when it is asked for (`/alarms`), out of the functions' logs and the queues";
const NOBODY_WOKEN = "nobody is told: the alarms' states are there to be asked for";

export const NOT_EMULATED: Readonly<Record<string, string>> = {
  "AWS::AutoScaling::ScalingPolicy":
    "no metric is measured: the desired capacity is said by hand or by a test",
  "AWS::CloudWatch::Alarm": ON_REQUEST,
  "AWS::CloudWatch::Dashboard":
    "a picture for people; test/flows/alarms.test.ts asks for each of its metrics",
  "AWS::EC2::EIP": ONE_NETWORK,
  "AWS::EC2::InternetGateway": ONE_NETWORK,
  "AWS::EC2::NatGateway": ONE_NETWORK,
  "AWS::EC2::Route": ONE_NETWORK,
  "AWS::EC2::RouteTable": ONE_NETWORK,
  "AWS::EC2::SecurityGroup": ONE_NETWORK,
  "AWS::EC2::SecurityGroupEgress": ONE_NETWORK,
  "AWS::EC2::SecurityGroupIngress": ONE_NETWORK,
  "AWS::EC2::Subnet": ONE_NETWORK,
  "AWS::EC2::SubnetRouteTableAssociation": ONE_NETWORK,
  "AWS::EC2::VPC": ONE_NETWORK,
  "AWS::EC2::VPCEndpoint": ONE_NETWORK,
  "AWS::EC2::VPCGatewayAttachment": ONE_NETWORK,
  "AWS::Logs::LogGroup": "what a function writes goes to a file, `functions/<name>.log`",
  "AWS::Logs::MetricFilter": ON_REQUEST,
  "AWS::S3::Bucket": "a bucket comes into being with its first object, and has no settings",
  "AWS::S3::BucketPolicy": "the sandbox's S3 knows the policies of roles alone",
  "AWS::SNS::Topic": NOBODY_WOKEN,
  "AWS::SNS::TopicPolicy": NOBODY_WOKEN,
  "AWS::SQS::QueuePolicy":
    "EventBridge's own way to a dead-letter queue asks for no permission here; functions are judged by their roles",
};
