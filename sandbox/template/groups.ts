// Auto Scaling groups of the template, each with its hooks and with the role that its machines get from the launch template.

import type { GroupDefinition, HookDefinition } from "./infrastructure-types.ts";
import type { Resolver, Resources } from "./intrinsics.ts";
import { ofType } from "./of-type.ts";

interface GroupProperties {
  LaunchTemplate: { LaunchTemplateId: string };
  MinSize: string | number;
  MaxSize: string | number;
  DesiredCapacity?: string | number;
  HealthCheckType?: string;
  LoadBalancerNames?: string[];
  LifecycleHookSpecificationList?: HookProperties[];
  InstanceLifecyclePolicy?: { RetentionTriggers?: { TerminateHookAbandon?: "retain" | "terminate" } };
  Tags?: { Key: string; Value: string; PropagateAtLaunch: boolean }[];
}

interface HookProperties {
  LifecycleHookName: string;
  LifecycleTransition: HookDefinition["transition"];
  HeartbeatTimeout?: string | number;
  DefaultResult?: HookDefinition["defaultResult"];
}

interface MachineProperties {
  IamInstanceProfile?: { Arn?: string };
  MetadataOptions?: { HttpTokens?: string };
}

const DEFAULT_HEARTBEAT_SECONDS = 3600;

/** @throws Error where a group asks for what the sandbox's machines and groups cannot be */
export const readGroups = (resources: Resources, resolver: Resolver): GroupDefinition[] =>
  ofType(resources, "AWS::AutoScaling::AutoScalingGroup").map((logicalId) => {
    const written = resources[logicalId]?.Properties ?? {};
    // The zones are subnets, of which the sandbox has none. The rest was checked against CloudFormation's own database when it was packaged.
    const { VPCZoneIdentifier: _, LaunchTemplate: template, ...rest } = written;
    const properties = resolver.resolve(rest) as Omit<GroupProperties, "LaunchTemplate">;
    const { LaunchTemplateId } = template as { LaunchTemplateId: unknown };
    const min = Number(properties.MinSize);
    expectOnly(logicalId, "HealthCheckType", properties.HealthCheckType ?? "EC2", "EC2");
    return {
      logicalId,
      name: resolver.name(logicalId),
      min,
      max: Number(properties.MaxSize),
      // Without one, Auto Scaling begins with the least.
      desired: Number(properties.DesiredCapacity ?? min),
      loadBalancerNames: properties.LoadBalancerNames ?? [],
      hooks: (properties.LifecycleHookSpecificationList ?? []).map(readHook),
      terminateHookAbandon:
        properties.InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon ?? "terminate",
      tags: Object.fromEntries(
        (properties.Tags ?? []).map(({ Key, Value, PropagateAtLaunch }) => {
          expectOnly(logicalId, `PropagateAtLaunch of ${Key}`, PropagateAtLaunch, true);
          return [Key, Value];
        }),
      ),
      roleArn: roleOfMachines(logicalId, resolver.resolve(LaunchTemplateId), resources, resolver),
    };
  });

const readHook = (hook: HookProperties): HookDefinition => ({
  name: hook.LifecycleHookName,
  transition: hook.LifecycleTransition,
  heartbeatTimeoutSeconds: Number(hook.HeartbeatTimeout ?? DEFAULT_HEARTBEAT_SECONDS),
  defaultResult: hook.DefaultResult ?? "ABANDON",
});

/** By way of launch template and instance profile. */
const roleOfMachines = (
  group: string,
  launchTemplate: unknown,
  resources: Resources,
  resolver: Resolver,
): string => {
  const id = ofType(resources, "AWS::EC2::LaunchTemplate").find(
    (one) => resolver.ref(one) === launchTemplate,
  );
  const data = (id === undefined ? {} : resources[id]?.Properties?.LaunchTemplateData) as
    | Record<string, unknown>
    | undefined;
  const { IamInstanceProfile, MetadataOptions } = resolver.resolve({
    IamInstanceProfile: data?.IamInstanceProfile,
    MetadataOptions: data?.MetadataOptions,
  }) as MachineProperties;
  // The sandbox's metadata service has no other way.
  expectOnly(group, "HttpTokens of its machines", MetadataOptions?.HttpTokens, "required");
  const arn = IamInstanceProfile?.Arn;
  const profile = ofType(resources, "AWS::IAM::InstanceProfile").find(
    (one) => resolver.attribute(one, "Arn") === arn,
  );
  const roles = profile && (resolver.resolve(resources[profile]?.Properties?.Roles) as string[]);
  const role = ofType(resources, "AWS::IAM::Role").find((one) => resolver.name(one) === roles?.[0]);
  if (role !== undefined) return resolver.attribute(role, "Arn");
  throw new Error(`The machines of ${group} have no role: its launch template names no instance profile.`);
};

const expectOnly = (group: string, what: string, is: unknown, known: unknown): void => {
  if (is === known) return;
  throw new Error(
    `${what} of ${group} is ${JSON.stringify(is)}; the sandbox knows ${JSON.stringify(known)}.`,
  );
};
