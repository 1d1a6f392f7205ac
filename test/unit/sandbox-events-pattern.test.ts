// Event patterns, by the examples of EventBridge's own guide and by properties.

import fc from "fast-check";
import { matches, type PatternObject } from "../../sandbox/events/pattern.ts";

const event = {
  source: "aws.autoscaling",
  "detail-type": "EC2 Instance-launch Lifecycle Action",
  resources: ["arn:aws:autoscaling:1", "arn:aws:autoscaling:2"],
  detail: {
    AutoScalingGroupName: "hive-workers",
    Origin: "EC2",
    count: 7,
    empty: "",
    nothing: null,
    flag: true,
    stars: "a*b and more",
    path: "c:\\windows",
    nested: { deep: "Yes" },
    list: [{ name: "a" }, { name: "b" }],
  },
};

const cases: [string, PatternObject, boolean][] = [
  ["one of several exact values", { source: ["aws.ec2", "aws.autoscaling"] }, true],
  ["no exact value", { source: ["aws.ec2"] }, false],
  ["case, in exact values", { source: ["AWS.autoscaling"] }, false],
  ["all fields of the pattern", { source: ["aws.autoscaling"], detail: { Origin: ["WarmPool"] } }, false],
  ["nested fields", { detail: { AutoScalingGroupName: ["hive-workers"], nested: { deep: ["Yes"] } } }, true],
  ["a field that is not there", { detail: { Destination: ["EC2"] } }, false],
  ["one element of a list in the event", { resources: ["arn:aws:autoscaling:2"] }, true],
  ["an object in a list of the event", { detail: { list: { name: ["b"] } } }, true],
  [
    "null, the empty text, true and numbers",
    { detail: { nothing: [null], empty: [""], flag: [true], count: [7] } },
    true,
  ],
  ["a number that is a text in the pattern", { detail: { count: ["7"] } }, false],
  ["prefix", { detail: { AutoScalingGroupName: [{ prefix: "hive-" }] } }, true],
  [
    "prefix without regard to case",
    { detail: { AutoScalingGroupName: [{ prefix: { "equals-ignore-case": "HIVE" } }] } },
    true,
  ],
  ["another prefix", { detail: { AutoScalingGroupName: [{ prefix: "bee-" }] } }, false],
  ["suffix", { detail: { AutoScalingGroupName: [{ suffix: "workers" }] } }, true],
  ["prefix, one of several", { detail: { Origin: [{ prefix: ["Warm", "EC"] }] } }, true],
  ["equals-ignore-case", { detail: { nested: { deep: [{ "equals-ignore-case": "yes" }] } } }, true],
  ["wildcard", { resources: [{ wildcard: "arn:*:autoscaling:*" }] }, true],
  ["wildcard, for any number of characters", { source: [{ wildcard: "a*ws.*.*" }] }, false],
  ["wildcard, for none", { source: [{ wildcard: "*aws.auto*scaling*" }] }, true],
  ["wildcard, one of several", { source: [{ wildcard: ["aws.ecr*", "*scaling"] }] }, true],
  ["wildcard, an asterisk that is one", { detail: { stars: [{ wildcard: "a\\*b*" }] } }, true],
  ["wildcard, an asterisk that must be one", { source: [{ wildcard: "aws.\\*" }] }, false],
  ["wildcard, a backslash", { detail: { path: [{ wildcard: "c:\\\\*" }] } }, true],
  ["wildcard, of a number", { detail: { count: [{ wildcard: "*" }] } }, false],
  ["wildcard, its other characters literal", { source: [{ wildcard: "aws?auto*" }] }, false],
  ["anything-but one value", { detail: { Origin: [{ "anything-but": "WarmPool" }] } }, true],
  ["anything-but the value", { detail: { Origin: [{ "anything-but": ["EC2", "WarmPool"] }] } }, false],
  [
    "anything-but a prefix",
    { detail: { AutoScalingGroupName: [{ "anything-but": { prefix: "hive" } }] } },
    false,
  ],
  [
    "anything-but several wildcards",
    { detail: { AutoScalingGroupName: [{ "anything-but": { wildcard: ["x*", "*-work*"] } }] } },
    false,
  ],
  [
    "anything-but a suffix that it has not",
    { detail: { AutoScalingGroupName: [{ "anything-but": { suffix: "managers" } }] } },
    true,
  ],
  [
    "anything-but, of a field that is not there",
    { detail: { Destination: [{ "anything-but": "x" }] } },
    false,
  ],
  ["exists", { detail: { Origin: [{ exists: true }] } }, true],
  ["exists, of what is not there", { detail: { Destination: [{ exists: true }] } }, false],
  ["exists false", { detail: { Destination: [{ exists: false }] } }, true],
  ["exists false or a value", { detail: { Destination: [{ exists: false }, "AutoScalingGroup"] } }, true],
  ["exists, of an object, which is no value", { detail: { nested: [{ exists: true }] } }, false],
  ["numeric ranges", { detail: { count: [{ numeric: [">", 5, "<=", 7] }] } }, true],
  ["numeric ranges that exclude", { detail: { count: [{ numeric: [">=", 0, "<", 7] }] } }, false],
  ["numeric, of a text", { detail: { Origin: [{ numeric: ["=", 1] }] } }, false],
  ["$or", { $or: [{ source: ["aws.ec2"] }, { detail: { count: [7] } }] } as unknown as PatternObject, true],
  [
    "$or beside other fields",
    { source: ["aws.ec2"], $or: [{ detail: { count: [7] } }] } as unknown as PatternObject,
    false,
  ],
];

describe("an event pattern", () => {
  it.each(cases)("compares %s", (_name, pattern, expected) => {
    expect(matches(pattern, event)).toBe(expected);
  });

  it("with a filter that is not known is an error, not a rule that never matches", () => {
    expect(() => matches({ source: [{ cidr: "10.0.0.0/8" }] } as unknown as PatternObject, event)).toThrow(
      '"cidr"',
    );
  });

  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const flat = fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== "$or" && name !== "__proto__"),
    leaf,
    { minKeys: 1 },
  );

  it("made of an event's own values matches it, and not once one value is another", () => {
    fc.assert(
      fc.property(flat, (detail) => {
        const pattern = Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, [value]]));
        expect(matches({ detail: pattern }, { detail })).toBe(true);
        const [key] = Object.keys(detail);
        expect(matches({ detail: pattern }, { detail: { ...detail, [key ?? ""]: "\u0000 another" } })).toBe(
          false,
        );
      }),
    );
  });

  it("with anything-but is the opposite of the exact value, wherever the field is there", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, other) => {
        expect(matches({ x: [{ "anything-but": other }] }, { x: value })).toBe(
          !matches({ x: [other] }, { x: value }),
        );
      }),
    );
  });
});
