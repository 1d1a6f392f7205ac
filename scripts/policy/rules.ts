// What must hold of every template that is deployed, whatever parts a deployment chooses.
import { encryption } from "./encryption.ts";
import { ingress } from "./ingress.ts";
import { groups, metadata } from "./machines.ts";
import { permissions } from "./permissions.ts";
import { references } from "./references.ts";
import { retention } from "./retention.ts";
import type { Rule, Template } from "./template.ts";

const rules: Readonly<Record<string, Rule>> = {
  encryption,
  ingress,
  permissions,
  metadata,
  groups,
  retention,
  references,
};

/** @returns everything that breaks a rule, one line each, with the rule's name; empty: it keeps them all. */
export const policyProblems = (template: Template): string[] =>
  Object.entries(rules).flatMap(([name, rule]) => rule(template).map((problem) => `${name}: ${problem}`));
