// Holds a template against what the sandbox makes of it, so that what is not emulated is a list that somebody wrote, not an accident.

import { NOT_EMULATED } from "./not-emulated.ts";
import { PROVISIONED } from "./provisioned.ts";
import type { ResourceDefinition, Template } from "./types.ts";

/** @throws Error naming every resource, and every property, of which it is not said what the sandbox makes of it */
export const expectAccounted = (template: Pick<Template, "stackName" | "resources">): void => {
  const unknown = template.resources.flatMap(unaccounted);
  if (unknown.length === 0) return;
  throw new Error(
    `The sandbox does not know what to make of this in the stack ${template.stackName}:\n${unknown.map((line) => `- ${line}`).join("\n")}\n` +
      "Provision it, or say why not: sandbox/template/provisioned.ts, sandbox/template/not-emulated.ts.",
  );
};

const unaccounted = ({ logicalId, type, properties }: ResourceDefinition): string[] => {
  if (type in NOT_EMULATED) return [];
  const provisioned = PROVISIONED[type];
  if (provisioned === undefined) return [`${logicalId}, an ${type}`];
  const { read, ignored = {} } = provisioned;
  return properties
    .filter((name) => !read.includes(name) && !(name in ignored))
    .map((name) => `${name} of ${logicalId}, an ${type}`);
};

/**
 * What EventBridge would find out with the first event: that a function does not let a rule in.
 * @throws Error naming rule and function
 */
export const expectInvocable = ({
  rules,
  functions,
  permissions,
}: Pick<Template, "rules" | "functions" | "permissions">): void => {
  const ours = new Set(functions.map(({ arn }) => arn));
  for (const { arn, name, targets } of rules) {
    for (const target of targets.filter((one) => ours.has(one.arn))) {
      const letIn = permissions.some(
        ({ functionArn, sourceArn = arn }) => functionArn === target.arn && sourceArn === arn,
      );
      if (!letIn) throw new Error(`No AWS::Lambda::Permission lets the rule ${name} invoke ${target.arn}.`);
    }
  }
};
