// A CloudFormation template as people write it: YAML with short forms (`!Ref`, `!Sub`, …), read into the long forms that the
// packaged template has.

import { type CollectionTag, parse, type ScalarTag, type Tags } from "yaml";

/** Short forms of a text; all but `!Ref` and `!Condition` stand for a `Fn::…` of the same name. */
const NAMES = [
  "Ref",
  "Condition",
  "GetAtt",
  "Sub",
  "Join",
  "Select",
  "Split",
  "If",
  "Equals",
  "Not",
  "And",
  "Or",
];

const long = (name: string, value: unknown): object => {
  if (name === "Ref" || name === "Condition") return { [name]: value };
  // `!GetAtt Queue.Arn` is a list in the long form.
  if (name === "GetAtt" && typeof value === "string") return { "Fn::GetAtt": value.split(/\.(.*)/s, 2) };
  return { [`Fn::${name}`]: value };
};

const tags: Tags = NAMES.flatMap((name) => [
  { tag: `!${name}`, resolve: (text: string) => long(name, text) } satisfies ScalarTag,
  {
    tag: `!${name}`,
    collection: "seq",
    resolve: (list) => long(name, list.toJSON()),
  } satisfies CollectionTag,
]);

/** @throws YAMLParseError where it is no YAML */
export const parseYamlTemplate = (text: string): unknown => parse(text, { customTags: tags });
