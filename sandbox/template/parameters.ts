// Parameters of Parameter Store that the template makes.

import type { ParameterDefinition } from "./infrastructure-types.ts";
import type { Resolver, Resources } from "./intrinsics.ts";
import { ofType } from "./of-type.ts";

interface ParameterProperties {
  Type: ParameterDefinition["type"];
  Tier?: ParameterDefinition["tier"];
  Value: string;
}

export const readParameters = (resources: Resources, resolver: Resolver): ParameterDefinition[] =>
  ofType(resources, "AWS::SSM::Parameter").map((logicalId) => {
    // The template was checked against CloudFormation's own database when it was packaged.
    const { Type, Tier, Value } = resolver.resolve(resources[logicalId]?.Properties) as ParameterProperties;
    return { logicalId, name: resolver.name(logicalId), type: Type, tier: Tier ?? "Standard", value: Value };
  });
