// What the sandbox takes from the packaged CloudFormation template, with every reference resolved.

import type { PatternObject } from "../events/pattern.ts";
import type { GroupDefinition, LoadBalancerDefinition, ParameterDefinition } from "./infrastructure-types.ts";

interface DurableConfig {
  executionTimeoutSeconds: number;
  retentionDays: number;
}

export interface FunctionDefinition {
  /** For example `JoinDashnodeLambdaFunction`. */
  logicalId: string;
  /** For example `hive-swarm-dev-join-node`. */
  name: string;
  arn: string;
  /** For example `dist/join-node.handler`. */
  handler: string;
  timeoutSeconds: number;
  memoryMegabytes: number;
  environment: Readonly<Record<string, string>>;
  roleArn: string;
  durable?: DurableConfig;
  /** Alias → version. */
  aliases: Readonly<Record<string, string>>;
  /** Where asynchronous invocations (and durable executions) end that failed for good. */
  deadLetterArn?: string;
  onFailureArn?: string;
  /** Of asynchronous invocations; Lambda's defaults are 2 and 6 hours. */
  maximumRetryAttempts: number;
  maximumEventAgeSeconds: number;
}

export interface RuleTarget {
  id: string;
  /** Of a function, an alias, or another region's bus. */
  arn: string;
  /** With which EventBridge sends to another bus. */
  roleArn?: string;
  /** Constant, JSON: what it gets in place of an event. */
  input?: string;
  /** EventBridge's defaults are 185 and 24 hours. */
  maximumRetryAttempts: number;
  maximumEventAgeSeconds: number;
  deadLetterArn?: string;
}

export interface RuleDefinition {
  name: string;
  arn: string;
  enabled: boolean;
  /** undefined: a schedule. */
  pattern?: PatternObject;
  schedule?: string;
  targets: readonly RuleTarget[];
}

interface DocumentParameter {
  type: string;
  description?: string;
  default?: string | string[];
  allowedPattern?: string;
  allowedValues?: string[];
  interpolationType?: string;
}

export interface DocumentContent {
  schemaVersion: string;
  description?: string;
  parameters?: Record<string, DocumentParameter>;
  mainSteps: { action: string; name: string; inputs: { timeoutSeconds?: string; runCommand: string[] } }[];
}

export interface DocumentDefinition {
  logicalId: string;
  /** With the stack's prefix, for example `hive-swarm-dev-join-host`. */
  name: string;
  content: DocumentContent;
}

export interface QueueDefinition {
  logicalId: string;
  name: string;
  arn: string;
}

/** One statement of a policy, as written, references resolved. */
export interface PolicyStatement {
  Effect: "Allow" | "Deny";
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

export interface RolePolicy {
  name: string;
  statements: readonly PolicyStatement[];
  /** The same statements with the template's parameters by name (`${RescueBucket}`): alike in every deployment. */
  named?: readonly PolicyStatement[];
}

export interface RoleDefinition {
  logicalId: string;
  name: string;
  arn: string;
  /** Policies written into the role, and those that name it (AWS::IAM::Policy). */
  policies: readonly RolePolicy[];
  managedPolicyArns: readonly string[];
}

/** Whom a function lets in. */
export interface PermissionDefinition {
  functionArn: string;
  /** Of a rule; undefined: anybody's of the service. */
  sourceArn?: string;
}

/** Anything that the template makes. */
export interface ResourceDefinition {
  logicalId: string;
  type: string;
  /** Those that are said; of a launch template those of its machines. */
  properties: readonly string[];
}

export interface Template {
  stackName: string;
  functions: readonly FunctionDefinition[];
  rules: readonly RuleDefinition[];
  documents: readonly DocumentDefinition[];
  queues: readonly QueueDefinition[];
  roles: readonly RoleDefinition[];
  groups: readonly GroupDefinition[];
  loadBalancers: readonly LoadBalancerDefinition[];
  parameters: readonly ParameterDefinition[];
  permissions: readonly PermissionDefinition[];
  /** All of it, read or not. */
  resources: readonly ResourceDefinition[];
}
