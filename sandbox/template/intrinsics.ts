// CloudFormation's references, resolved as a deployment would: Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::Select,
// Fn::Split, Fn::If, and in conditions Fn::Equals, Fn::Not, Fn::And, Fn::Or and Condition.

import { arnOf, functionArn, nameProperty } from "./arns.ts";

interface Resource {
  Type: string;
  /** Name of the condition under which it is there at all. */
  Condition?: string;
  Properties?: Record<string, unknown>;
}

export type Resources = Readonly<Record<string, Resource>>;

export interface Environment {
  account: string;
  region: string;
  stackName: string;
  /** Parameters of the template, where they are not to have their defaults. */
  parameters?: Readonly<Record<string, string>>;
}

/** By name, as written. */
export type Conditions = Readonly<Record<string, unknown>>;

/** A policy has members named Condition as well: objects. */
const isReference = ([key, value]: [string, unknown]): boolean =>
  /^(Ref|Fn::\w+)$/.test(key) || (key === "Condition" && typeof value === "string");

export interface Resolver {
  /** The same value with every reference in it replaced. */
  resolve(value: unknown): unknown;
  /** What `Ref` gives for a resource. */
  ref(logicalId: string): string;
  attribute(logicalId: string, attribute: string): string;
  /** The physical name: as written in the template, or as CloudFormation would make one up. */
  name(logicalId: string): string;
}

/** What it stands for is left away: JSON itself has no undefined. */
const NO_VALUE = "AWS::NoValue";

/** @throws where a reference names nothing, or uses a function that is not known here. */
export const createResolver = (
  resources: Resources,
  { account, region, stackName, parameters = {} }: Environment,
  conditions: Conditions = {},
): Resolver => {
  const pseudo: Readonly<Record<string, string>> = {
    "AWS::AccountId": account,
    "AWS::Region": region,
    "AWS::Partition": "aws",
    "AWS::StackName": stackName,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/local`,
  };

  const find = (logicalId: string): Resource => {
    const resource = resources[logicalId];
    if (resource !== undefined) return resource;
    throw new Error(`The packaged template refers to ${logicalId}, which it does not contain.`);
  };

  const property = (logicalId: string, name: string): string =>
    String(resolve(find(logicalId).Properties?.[name]) ?? "");

  const name = (logicalId: string): string => {
    const { Type } = find(logicalId);
    const written = property(logicalId, nameProperty(Type));
    if (written !== "") return written;
    const made = `${stackName}-${logicalId}`;
    // Only buckets insist on lower case.
    return Type === "AWS::S3::Bucket" ? made.toLowerCase() : made;
  };

  const ref = (id: string): string => {
    const value = pseudo[id] ?? parameters[id];
    if (value !== undefined) return value;
    switch (find(id).Type) {
      case "AWS::SQS::Queue":
        return `https://sqs.${region}.amazonaws.com/${account}/${name(id)}`;
      case "AWS::Lambda::Alias":
        return `${functionArn(property(id, "FunctionName"), { account, region })}:${property(id, "Name")}`;
      case "AWS::Lambda::Version":
        return `${functionArn(property(id, "FunctionName"), { account, region })}:1`;
      default:
        return name(id);
    }
  };

  const attribute = (id: string, attributeName: string): string => {
    if (attributeName === "Arn") {
      const arn = arnOf(find(id).Type, name(id), { account, region });
      if (arn !== undefined) return arn;
    }
    if (attributeName === "QueueName") return name(id);
    // One deployment, so every function has its first version.
    if (attributeName === "Version" && find(id).Type === "AWS::Lambda::Version") return "1";
    throw new Error(
      `The sandbox does not know the attribute ${attributeName} of ${id}, an ${find(id).Type}.`,
    );
  };

  const substitute = (text: string, variables: Record<string, unknown>): string =>
    text.replace(/\$\{(!?)([^}]+)\}/g, (_match, literal: string, key: string) => {
      if (literal === "!") return `\${${key}}`;
      if (Object.hasOwn(variables, key)) return String(resolve(variables[key]));
      const [id = "", ...rest] = key.split(".");
      return rest.length > 0 ? attribute(id, rest.join(".")) : ref(key);
    });

  const condition = (name: string): unknown => {
    if (Object.hasOwn(conditions, name)) return resolve(conditions[name]);
    throw new Error(`The packaged template asks for the condition ${name}, which it does not contain.`);
  };

  const intrinsics: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (argument) => (argument === NO_VALUE ? undefined : ref(String(argument))),
    "Fn::GetAtt": (argument) => {
      const [id, ...rest] = Array.isArray(argument) ? argument.map(String) : String(argument).split(".");
      return attribute(id ?? "", rest.join("."));
    },
    "Fn::Sub": (argument) =>
      Array.isArray(argument)
        ? substitute(String(argument[0]), argument[1])
        : substitute(String(argument), {}),
    "Fn::Join": (argument) => {
      const [separator, parts] = argument as [string, unknown];
      return (resolve(parts) as unknown[]).join(separator);
    },
    "Fn::Select": (argument) => {
      const [index, parts] = argument as [number | string, unknown];
      return (resolve(parts) as unknown[])[Number(index)];
    },
    "Fn::Split": (argument) => {
      const [separator, text] = argument as [string, unknown];
      return String(resolve(text)).split(separator);
    },
    "Fn::Equals": (argument) => {
      const [left, right] = resolve(argument) as unknown[];
      return left === right;
    },
    "Fn::Not": (argument) => !(resolve(argument) as unknown[])[0],
    "Fn::And": (argument) => (argument as unknown[]).every(resolve),
    "Fn::Or": (argument) => (argument as unknown[]).some(resolve),
    "Fn::If": (argument) => {
      const [name, then, otherwise] = argument as [string, unknown, unknown];
      return resolve(condition(name) ? then : otherwise);
    },
    Condition: (argument) => condition(String(argument)),
  };

  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve).filter((item) => item !== undefined);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined && isReference(only)) {
      const intrinsic = intrinsics[only[0]];
      if (intrinsic === undefined)
        throw new Error(`The sandbox does not resolve ${only[0]} of CloudFormation.`);
      return intrinsic(only[1]);
    }
    const resolved = entries.map(([key, item]): [string, unknown] => [key, resolve(item)]);
    return Object.fromEntries(resolved.filter(([, item]) => item !== undefined));
  };

  return { resolve, ref, attribute, name };
};
