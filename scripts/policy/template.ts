// What policy rules read of a CloudFormation template.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Resource {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Condition?: string;
  Properties?: JsonObject;
}

export interface Template {
  Resources: Record<string, Resource>;
  Conditions?: Record<string, Json>;
  Parameters?: Record<string, Json>;
  Outputs?: Record<string, Json>;
}

/** @returns what is wrong, one line each, with the resource that it is about and the way to mend it. */
export type Rule = (template: Template) => string[];

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every value that one can turn out to be: both branches of each `Fn::If`; an absent one (`AWS::NoValue`) is undefined. */
export const branches = (value: Json | undefined): (Json | undefined)[] => {
  if (!isObject(value)) return [value];
  const choice = value["Fn::If"];
  if (Array.isArray(choice)) return choice.slice(1).flatMap(branches);
  return [value.Ref === "AWS::NoValue" ? undefined : value];
};

/** The members of a list, whichever branch they stand in. */
export const members = (value: Json | undefined): Json[] =>
  branches(value).flatMap((each) =>
    [each ?? []].flat().flatMap((item) => branches(item).filter((one) => one !== undefined)),
  );

export const objects = (value: Json | undefined): JsonObject[] => members(value).filter(isObject);

/** A member of a member, on every branch. */
export const at = (value: Json | undefined, ...path: string[]): (Json | undefined)[] =>
  path.reduce<(Json | undefined)[]>(
    (values, name) => values.flatMap((each) => (isObject(each) ? branches(each[name]) : [undefined])),
    branches(value),
  );

export const isTrue = (value: Json | undefined): boolean => value === true || value === "true";

export const ofTypes = (template: Template, ...types: string[]): [id: string, properties: JsonObject][] =>
  Object.entries(template.Resources)
    .filter(([, { Type }]) => types.includes(Type))
    .map(([id, { Properties = {} }]) => [id, Properties]);
