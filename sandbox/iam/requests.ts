// Which permissions a call needs: for each operation the IAM actions, the resources, and what a condition may look at.
// An operation that is not listed cannot be judged, and is an error of the sandbox: nothing is allowed by silence.
import type { Call } from "../aws/handle.ts";
import { parseFunctionReference } from "../lambda/function-reference.ts";
import { type Account, busArn, instanceArn, parameterArn, repositoryArn } from "../models/account.ts";
import type { Facts } from "./facts.ts";

/** One question to IAM. */
export interface AccessRequest {
  /** For example `ssm:SendCommand`. */
  action: string;
  /** An ARN, or `*` where the action knows no resources. */
  resource: string;
  /** Condition keys and their values, besides those that every request has. */
  context: Readonly<Record<string, string>>;
}

export interface Surroundings {
  /** With the region that the call goes to. */
  account: Account;
  facts: Facts;
}

/** The input's members as far as a permission depends on them. Everything else of an input is the model's to check. */
interface Input {
  AutoScalingGroupName?: string;
  LoadBalancerName?: string;
  DocumentName?: string;
  InstanceId?: string;
  InstanceIds?: string[];
  Targets?: { Key?: string; Values?: string[] }[];
  Name?: string;
  WithDecryption?: boolean;
  Type?: string;
  FunctionName?: string;
  Qualifier?: string;
  DurableExecutionArn?: string;
  Bucket?: string;
  Key?: string;
  repositoryName?: string;
  Entries?: { EventBusName?: string; Source?: string; DetailType?: string }[];
}

type Rule = (action: string, input: Input, surroundings: Surroundings) => AccessRequest[];

const on = (action: string, resource: string, context: Record<string, string> = {}): AccessRequest[] => [
  { action, resource, context },
];

const documentArn = ({ region, id }: Account, name: string): string =>
  // Documents of AWS's own belong to no account.
  name.startsWith("arn:") ? name : `arn:aws:ssm:${region}:${/^AWS-/.test(name) ? "" : id}:document/${name}`;

const document: Rule = (action, { Name = "" }, { account }) => on(action, documentArn(account, Name));

/** Describing, mostly: IAM knows no resource for it (facts, "IAM"). */
const anywhere: Rule = (action) => on(action, "*");

const group: Rule = (action, { AutoScalingGroupName = "" }, { account: { region, id } }) =>
  on(
    action,
    `arn:aws:autoscaling:${region}:${id}:autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/${AutoScalingGroupName}`,
  );

/** The call names the instance alone; IAM asks for its group. */
const groupOfInstance: Rule = (action, { InstanceId = "" }, surroundings) =>
  group(action, { AutoScalingGroupName: surroundings.facts.instance(InstanceId)?.group ?? "" }, surroundings);

const loadBalancer: Rule = (action, { LoadBalancerName = "" }, { account: { region, id } }) =>
  on(action, `arn:aws:elasticloadbalancing:${region}:${id}:loadbalancer/${LoadBalancerName}`);

/** The document and every instance are asked for one by one, each with what it carries itself: documents have no tag. */
const sendCommand: Rule = (
  action,
  { DocumentName = "", InstanceIds = [], Targets = [] },
  { account, facts },
) => {
  const byTag = Targets.flatMap(({ Key = "", Values = [] }) =>
    Key === "InstanceIds" ? Values : facts.byTag(Key.replace(/^tag:/, ""), Values),
  );
  return [
    ...on(action, documentArn(account, DocumentName)),
    ...[...InstanceIds, ...byTag].flatMap((instanceId) => {
      const tags = Object.entries(facts.instance(instanceId)?.tags ?? {});
      const context = tags.flatMap(([key, value]) => [
        [`ssm:resourceTag/${key}`, value],
        [`aws:ResourceTag/${key}`, value],
      ]);
      return on(action, instanceArn(account, instanceId), Object.fromEntries(context));
    }),
  ];
};

const parameter: Rule = (action, { Name = "" }, { account }) => on(action, parameterArn(account, Name));

/** Stands for the key of a parameter; which one it is does not matter, since no role names a key. */
const KEY = "00000000-0000-0000-0000-000000000000";

/**
 * Systems Manager encrypts and decrypts with the caller's own permission. With AWS's own key it would need none; the sandbox asks as
 * for a customer's key, which is the stricter case.
 */
const key = (action: string, { Name = "" }: Input, { account }: Surroundings): AccessRequest[] =>
  on(action, `arn:aws:kms:${account.region}:${account.id}:key/${KEY}`, {
    "kms:ViaService": `ssm.${account.region}.amazonaws.com`,
    "kms:CallerAccount": account.id,
    "kms:EncryptionContext:PARAMETER_ARN": parameterArn(account, Name),
  });

const readParameter: Rule = (action, input, surroundings) => [
  ...parameter(action, input, surroundings),
  ...(input.WithDecryption ? key("kms:Decrypt", input, surroundings) : []),
];

const writeParameter: Rule = (action, input, surroundings) => [
  ...parameter(action, input, surroundings),
  ...(input.Type === "SecureString" ? key("kms:Encrypt", input, surroundings) : []),
];

const lambdaFunction: Rule = (_action, { FunctionName = "", Qualifier }, { account: { region, id } }) => {
  const { name, qualifier } = parseFunctionReference(FunctionName, Qualifier);
  const arn = `arn:aws:lambda:${region}:${id}:function:${name}`;
  return on(_action, qualifier === undefined ? arn : `${arn}:${qualifier}`);
};

const durableExecution: Rule = (action, { DurableExecutionArn = "" }) => on(action, DurableExecutionArn);

const s3Object: Rule = (action, { Bucket = "", Key = "" }) => on(action, `arn:aws:s3:::${Bucket}/${Key}`);

const repository: Rule = (action, { repositoryName = "" }, { account }) =>
  on(action, repositoryArn(account, repositoryName));

/** Each entry is asked for by itself, since a condition looks at its source and its kind. */
const putEvents: Rule = (action, { Entries = [] }, { account }) =>
  Entries.flatMap(({ EventBusName, Source = "", DetailType = "" }) =>
    on(action, busArn(account, EventBusName), { "events:source": Source, "events:detail-type": DetailType }),
  );

/** Signing name → operation → rule, and the action where it is not called as the operation is. */
const rules: Readonly<Record<string, Readonly<Record<string, Rule | [Rule, string]>>>> = {
  autoscaling: {
    DescribeAutoScalingGroups: anywhere,
    DescribeAutoScalingInstances: anywhere,
    DescribeLifecycleHooks: anywhere,
    DescribeScalingActivities: anywhere,
    TerminateInstanceInAutoScalingGroup: groupOfInstance,
    CompleteLifecycleAction: group,
    RecordLifecycleActionHeartbeat: group,
  },
  elasticloadbalancing: {
    DescribeInstanceHealth: anywhere,
    RegisterInstancesWithLoadBalancer: loadBalancer,
    DeregisterInstancesFromLoadBalancer: loadBalancer,
  },
  ssm: {
    DescribeInstanceInformation: anywhere,
    GetCommandInvocation: anywhere,
    ListCommandInvocations: anywhere,
    CancelCommand: anywhere,
    SendCommand: sendCommand,
    DescribeDocument: document,
    GetParameter: readParameter,
    GetParameterHistory: readParameter,
    PutParameter: writeParameter,
    DeleteParameter: parameter,
  },
  lambda: {
    Invoke: [lambdaFunction, "lambda:InvokeFunction"],
    ListDurableExecutionsByFunction: lambdaFunction,
    CheckpointDurableExecution: durableExecution,
    GetDurableExecution: durableExecution,
    GetDurableExecutionHistory: durableExecution,
    GetDurableExecutionState: durableExecution,
  },
  ecr: {
    GetAuthorizationToken: anywhere,
    DescribeImages: repository,
    // What the registry asks for on behalf of a docker client (sandbox/registry/gate.ts).
    BatchGetImage: repository,
    GetDownloadUrlForLayer: repository,
    BatchCheckLayerAvailability: repository,
    ListImages: repository,
    InitiateLayerUpload: repository,
    UploadLayerPart: repository,
    CompleteLayerUpload: repository,
    PutImage: repository,
  },
  events: { PutEvents: putEvents },
  s3: { PutObject: s3Object, GetObject: s3Object },
  // Anybody may ask who he is.
  sts: { GetCallerIdentity: () => [] },
};

/** @throws Error when the operation is in no rule. */
export const requestsOf = (
  { service, operation, input }: Pick<Call, "service" | "operation" | "input">,
  surroundings: Surroundings,
): AccessRequest[] => {
  const ofService = Object.hasOwn(rules, service) ? rules[service] : undefined;
  const rule = ofService && Object.hasOwn(ofService, operation) ? ofService[operation] : undefined;
  if (rule === undefined) {
    throw new Error(
      `The sandbox does not know which permission ${service} ${operation} needs: add it to sandbox/iam/requests.ts.`,
    );
  }
  const [ask, action] = Array.isArray(rule) ? rule : [rule, `${service}:${operation}`];
  return ask(action, (input ?? {}) as Input, surroundings);
};
