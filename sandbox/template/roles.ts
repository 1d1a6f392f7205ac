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

/** @param named resolves as `resolver` does, but leaves parameters as their names. */
export const readRoles = (
  resources: Resources,
  resolver: Resolver,
  named: Resolver = resolver,
): RoleDefinition[] => {
  const statementsOf = ({ PolicyDocument }: Policy): PolicyStatement[] => [PolicyDocument.Statement].flat();
  const standAlone = ofType(resources, "AWS::IAM::Policy").map((id) => ({
    policy: resolver.resolve(resources[id]?.Properties) as Policy & { Roles?: string[] },
    byName: named.resolve(resources[id]?.Properties) as Policy,
  }));
  return ofType(resources, "AWS::IAM::Role").map((logicalId) => {
    // The template was checked against CloudFormation's own database when it was packaged.
    const properties = (resolver.resolve(resources[logicalId]?.Properties) ?? {}) as RoleProperties;
    const name = resolver.name(logicalId);
    const byName = (named.resolve(resources[logicalId]?.Properties) ?? {}) as RoleProperties;
    const own = (properties.Policies ?? []).map((policy, index) => ({
      policy,
      byName: byName.Policies?.[index] ?? policy,
    }));
    const attached = standAlone.filter(({ policy }) => policy.Roles?.includes(name));
    return {
      logicalId,
      name,
      arn: resolver.attribute(logicalId, "Arn"),
      policies: [...own, ...attached].map(({ policy, byName }) => ({
        name: policy.PolicyName,
        statements: statementsOf(policy),
        named: statementsOf(byName),
      })),
      managedPolicyArns: properties.ManagedPolicyArns ?? [],
    };
  });
};
