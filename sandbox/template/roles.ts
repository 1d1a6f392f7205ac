// IAM roles of the template with their policies, as the sandbox's IAM would enforce them.

import type { Resolver, Resources } from "./intrinsics.ts";
import { ofType } from "./of-type.ts";
import type { PolicyStatement, RoleDefinition } from "./types.ts";

interface Policy {
  PolicyName: string;
  PolicyDocument: { Statement: PolicyStatement | PolicyStatement[] };
}

interface RoleProperties {
  Policies?: Policy[];
  ManagedPolicyArns?: string[];
}

export const readRoles = (resources: Resources, resolver: Resolver): RoleDefinition[] => {
  const standAlone = ofType(resources, "AWS::IAM::Policy").map(
    (id) => resolver.resolve(resources[id]?.Properties) as Policy & { Roles?: string[] },
  );
  return ofType(resources, "AWS::IAM::Role").map((logicalId) => {
    // The template was checked against CloudFormation's own database when it was packaged.
    const properties = (resolver.resolve(resources[logicalId]?.Properties) ?? {}) as RoleProperties;
    const name = resolver.name(logicalId);
    const attached = standAlone.filter((policy) => policy.Roles?.includes(name));
    return {
      logicalId,
      name,
      arn: resolver.attribute(logicalId, "Arn"),
      policies: [...(properties.Policies ?? []), ...attached].map(({ PolicyName, PolicyDocument }) => ({
        name: PolicyName,
        statements: [PolicyDocument.Statement].flat(),
      })),
      managedPolicyArns: properties.ManagedPolicyArns ?? [],
    };
  });
};
