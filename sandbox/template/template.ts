// Reads the CloudFormation template that osls packaged into what the sandbox runs: the same functions, rules,
// documents, queues, roles, groups, load balancers and parameters that would be deployed.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readFunctions } from "./functions.ts";
import { readGroups } from "./groups.ts";
import { inForce, resourceList } from "./in-force.ts";
import {
  type Conditions,
  createResolver,
  type Environment,
  type Resolver,
  type Resources,
} from "./intrinsics.ts";
import { readLoadBalancers } from "./load-balancers.ts";
import { ofType } from "./of-type.ts";
import { readParameters } from "./parameters.ts";
import { readRoles } from "./roles.ts";
import { readRules } from "./rules.ts";
import type {
  DocumentContent,
  DocumentDefinition,
  PermissionDefinition,
  QueueDefinition,
  Template,
} from "./types.ts";

export const TEMPLATE_FILE = "cloudformation-template-update-stack.json";

/**
 * @param directory `.serverless` of the packaged project; the stack's name is read from osls' own state beside it.
 * @throws when it was not packaged yet, or refers to something that the sandbox cannot resolve.
 */
export const readTemplate = (directory: string, environment: Omit<Environment, "stackName">): Template => {
  const read = (file: string): unknown => {
    try {
      return JSON.parse(readFileSync(join(directory, file), "utf8"));
    } catch (cause) {
      const advice = `Package the project first (npm run package:sandbox in ${dirname(directory)}).`;
      throw new Error(`Cannot read ${join(directory, file)}. ${advice}`, { cause });
    }
  };
  return parseTemplate(read(TEMPLATE_FILE), {
    ...environment,
    stackName: stackName(read("serverless-state.json")),
  });
};

interface WholeTemplate {
  Resources?: Resources;
  Parameters?: Record<string, { Default?: string | number }>;
  Conditions?: Conditions;
}

export const parseTemplate = (template: unknown, environment: Environment): Template => {
  const { Resources: all, Parameters = {}, Conditions = {} } = template as WholeTemplate;
  if (all === undefined)
    throw new Error("The packaged template has no Resources: is it a CloudFormation template?");
  const defaults = Object.entries(Parameters).map(([name, { Default = "" }]) => [name, String(Default)]);
  const parameters = { ...Object.fromEntries(defaults), ...environment.parameters };
  const resolver = createResolver(all, { ...environment, parameters }, Conditions);
  const resources = inForce(all, Conditions, resolver);
  // Conditions hold as they hold: only texts keep the parameters' names.
  const holding = Object.entries(Conditions).map(([name, one]) => [name, resolver.resolve(one)]);
  const named = createResolver(
    all,
    {
      ...environment,
      parameters: Object.fromEntries(Object.keys(parameters).map((name) => [name, `\${${name}}`])),
    },
    Object.fromEntries(holding),
  );
  return {
    stackName: environment.stackName,
    functions: readFunctions(resources, resolver),
    rules: readRules(resources, resolver),
    documents: readDocuments(resources, resolver),
    queues: readQueues(resources, resolver),
    roles: readRoles(resources, resolver, named),
    groups: readGroups(resources, resolver),
    loadBalancers: readLoadBalancers(resources, resolver),
    parameters: readParameters(resources, resolver),
    permissions: readPermissions(resources, resolver),
    resources: resourceList(resources),
  };
};

const readDocuments = (resources: Resources, resolver: Resolver): DocumentDefinition[] =>
  ofType(resources, "AWS::SSM::Document").map((logicalId) => ({
    logicalId,
    name: resolver.name(logicalId),
    // As written: a script's text is nothing for CloudFormation to resolve.
    content: resources[logicalId]?.Properties?.Content as DocumentContent,
  }));

const readQueues = (resources: Resources, resolver: Resolver): QueueDefinition[] =>
  ofType(resources, "AWS::SQS::Queue").map((logicalId) => ({
    logicalId,
    name: resolver.name(logicalId),
    arn: resolver.attribute(logicalId, "Arn"),
  }));

const readPermissions = (resources: Resources, resolver: Resolver): PermissionDefinition[] =>
  ofType(resources, "AWS::Lambda::Permission").map((logicalId) => {
    // The template was checked against CloudFormation's own database when it was packaged.
    const { FunctionName, SourceArn } = resolver.resolve(resources[logicalId]?.Properties) as {
      FunctionName: string;
      SourceArn?: string;
    };
    return { functionArn: FunctionName, ...(SourceArn !== undefined && { sourceArn: SourceArn }) };
  });

const stackName = (state: unknown): string => {
  const { service } = state as {
    service?: { service?: string; provider?: { stage?: string; stackName?: string } };
  };
  const { stage, stackName: given } = service?.provider ?? {};
  if (given !== undefined) return given;
  if (service?.service === undefined || stage === undefined) {
    throw new Error("serverless-state.json names no service and stage, so the stack's name is not known.");
  }
  return `${service.service}-${stage}`;
};
