// EventBridge rules of the template.

import type { PatternObject } from "../events/pattern.ts";
import type { Resolver, Resources } from "./intrinsics.ts";
import { ofType } from "./of-type.ts";
import type { RuleDefinition, RuleTarget } from "./types.ts";

interface RuleProperties {
  EventPattern?: PatternObject;
  ScheduleExpression?: string;
  State?: string;
  Targets?: TargetProperties[];
}

interface TargetProperties {
  Id: string;
  Arn: string;
  RoleArn?: string;
  Input?: string;
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  DeadLetterConfig?: { Arn?: string };
}

const DEFAULT_RETRY_ATTEMPTS = 185;
const DEFAULT_EVENT_AGE_SECONDS = 24 * 3600;

export const readRules = (resources: Resources, resolver: Resolver): RuleDefinition[] =>
  ofType(resources, "AWS::Events::Rule").map((logicalId) => {
    // The template was checked against CloudFormation's own database when it was packaged.
    const properties = resolver.resolve(resources[logicalId]?.Properties) as RuleProperties;
    const { EventPattern: pattern, ScheduleExpression: schedule } = properties;
    return {
      name: resolver.name(logicalId),
      arn: resolver.attribute(logicalId, "Arn"),
      enabled: (properties.State ?? "ENABLED").startsWith("ENABLED"),
      targets: (properties.Targets ?? []).map(readTarget),
      ...(pattern === undefined ? {} : { pattern }),
      ...(schedule === undefined ? {} : { schedule }),
    };
  });

const readTarget = ({
  Id,
  Arn,
  RoleArn,
  Input,
  RetryPolicy,
  DeadLetterConfig,
}: TargetProperties): RuleTarget => ({
  id: Id,
  arn: Arn,
  ...(RoleArn === undefined ? {} : { roleArn: RoleArn }),
  ...(Input === undefined ? {} : { input: Input }),
  maximumRetryAttempts: RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS,
  maximumEventAgeSeconds: RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_AGE_SECONDS,
  ...(DeadLetterConfig?.Arn === undefined ? {} : { deadLetterArn: DeadLetterConfig.Arn }),
});
