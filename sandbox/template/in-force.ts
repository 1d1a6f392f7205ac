// Which resources of a template are there: those without a condition, and those whose condition holds.

import type { Conditions, Resolver, Resources } from "./intrinsics.ts";
import type { ResourceDefinition } from "./types.ts";

export const inForce = (all: Resources, conditions: Conditions, resolver: Resolver): Resources =>
  Object.fromEntries(
    Object.entries(all).filter(
      ([_id, { Condition: condition }]) =>
        condition === undefined || resolver.resolve(conditions[condition]) === true,
    ),
  );

/** A launch template is one property, and what is said in it is what a machine is. */
export const resourceList = (resources: Resources): ResourceDefinition[] =>
  Object.entries(resources).map(([logicalId, { Type: type, Properties = {} }]) => ({
    logicalId,
    type,
    properties: Object.entries(Properties).flatMap(([name, value]) =>
      name === "LaunchTemplateData" ? Object.keys(value as object) : [name],
    ),
  }));
