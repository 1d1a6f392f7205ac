// Lambda functions of the template, with what stands beside them: aliases and settings of asynchronous invocation.

import type { Resolver, Resources } from "./intrinsics.ts";
import { ofType } from "./of-type.ts";
import type { FunctionDefinition } from "./types.ts";

interface FunctionProperties {
  Handler: string;
  Timeout?: number;
  MemorySize?: number;
  Environment?: { Variables?: Record<string, unknown> };
  Role: string;
  DurableConfig?: { ExecutionTimeout: number; RetentionPeriodInDays?: number };
  DeadLetterConfig?: { TargetArn?: string };
}

interface InvokeConfigProperties {
  FunctionName: string;
  DestinationConfig?: { OnFailure?: { Destination?: string } };
  MaximumRetryAttempts?: number;
  MaximumEventAgeInSeconds?: number;
}

const DEFAULT_RETENTION_DAYS = 14;
const DEFAULT_RETRY_ATTEMPTS = 2;
const DEFAULT_EVENT_AGE_SECONDS = 6 * 3600;

export const readFunctions = (resources: Resources, resolver: Resolver): FunctionDefinition[] => {
  const propertiesOf = <Properties>(logicalId: string): Properties =>
    // The template was checked against CloudFormation's own database when it was packaged.
    resolver.resolve(resources[logicalId]?.Properties) as Properties;

  const aliases = ofType(resources, "AWS::Lambda::Alias").map((id) =>
    propertiesOf<{ FunctionName: string; Name: string; FunctionVersion: string }>(id),
  );
  const invokeConfigs = ofType(resources, "AWS::Lambda::EventInvokeConfig").map((id) =>
    propertiesOf<InvokeConfigProperties>(id),
  );

  return ofType(resources, "AWS::Lambda::Function").map((logicalId) => {
    const properties = propertiesOf<FunctionProperties>(logicalId);
    const name = resolver.name(logicalId);
    const config = invokeConfigs.find((each) => each.FunctionName === name);
    const durable = properties.DurableConfig;
    const deadLetterArn = properties.DeadLetterConfig?.TargetArn;
    const onFailureArn = config?.DestinationConfig?.OnFailure?.Destination;
    return {
      logicalId,
      name,
      arn: resolver.attribute(logicalId, "Arn"),
      handler: properties.Handler,
      timeoutSeconds: properties.Timeout ?? 3,
      memoryMegabytes: properties.MemorySize ?? 128,
      environment: Object.fromEntries(
        Object.entries(properties.Environment?.Variables ?? {}).map(([key, value]) => [key, String(value)]),
      ),
      roleArn: properties.Role,
      aliases: Object.fromEntries(
        aliases
          .filter((alias) => alias.FunctionName === name)
          .map((alias) => [alias.Name, alias.FunctionVersion]),
      ),
      maximumRetryAttempts: config?.MaximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS,
      maximumEventAgeSeconds: config?.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_AGE_SECONDS,
      ...(durable === undefined
        ? {}
        : {
            durable: {
              executionTimeoutSeconds: durable.ExecutionTimeout,
              retentionDays: durable.RetentionPeriodInDays ?? DEFAULT_RETENTION_DAYS,
            },
          }),
      ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
      ...(onFailureArn === undefined ? {} : { onFailureArn }),
    };
  });
};
