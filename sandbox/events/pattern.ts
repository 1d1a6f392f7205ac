// EventBridge's event patterns as a pure function: does this event match this rule?

/** A pattern: per field either a nested pattern or a list of alternatives. */
export interface PatternObject {
  [field: string]: PatternObject | PatternAlternative[];
}

type PatternAlternative = string | number | boolean | null | PatternFilter;

type TextPart = string | { "equals-ignore-case": string };

interface PatternFilter {
  prefix?: TextPart | TextPart[];
  suffix?: TextPart | TextPart[];
  "equals-ignore-case"?: string | string[];
  /** `*` stands for any characters, none too; with a backslash before it, for itself. */
  wildcard?: string | string[];
  "anything-but"?: PatternAlternative | PatternAlternative[];
  exists?: boolean;
  /** Pairs of comparison and number: `[">=", 0, "<", 10]`. */
  numeric?: (string | number)[];
}

/**
 * Every field of the pattern must match (`$or`: one of its patterns must). A list in the event matches where one of
 * its elements does.
 * @throws on a kind of filter that is not known here: a rule must not match, or fail to match, by accident.
 */
export const matches = (pattern: PatternObject, event: unknown): boolean =>
  Object.entries(pattern).every(([field, expected]) => {
    if (field === "$or") return (expected as unknown as PatternObject[]).some((each) => matches(each, event));
    const value = isRecord(event) ? event[field] : undefined;
    if (!Array.isArray(expected)) {
      // A list of objects matches where one of its elements does.
      return Array.isArray(value) ? value.some((item) => matches(expected, item)) : matches(expected, value);
    }
    return expected.some((alternative) => matchesAlternative(alternative, value));
  });

const matchesAlternative = (alternative: PatternAlternative, value: unknown): boolean => {
  if (isRecord(alternative) && "exists" in alternative) {
    // Only leaves exist; an object that is there is no value.
    const isLeaf = value !== undefined && !(isRecord(value) && !Array.isArray(value));
    return isLeaf === alternative.exists;
  }
  const values = Array.isArray(value) ? value : [value];
  return values.some((item) => item !== undefined && matchesValue(alternative, item));
};

const matchesValue = (alternative: PatternAlternative, value: unknown): boolean => {
  if (!isRecord(alternative)) return alternative === value;
  const kinds = Object.entries(alternative);
  const [kind] = kinds;
  if (kinds.length !== 1 || kind === undefined) {
    throw new Error(
      `A filter of an event pattern names one kind of comparison: ${JSON.stringify(alternative)}`,
    );
  }
  return matchesFilter(kind[0], kind[1], value);
};

const matchesFilter = (kind: string, expected: unknown, value: unknown): boolean => {
  switch (kind) {
    case "prefix":
      return matchesText(expected, value, (text, part) => text.startsWith(part));
    case "suffix":
      return matchesText(expected, value, (text, part) => text.endsWith(part));
    case "equals-ignore-case":
      return matchesText(expected, value, (text, part) => text.toLowerCase() === part.toLowerCase());
    case "wildcard":
      return matchesText(expected, value, (text, part) => wildcard(part).test(text));
    case "anything-but":
      return ![expected].flat().some((each) => matchesValue(each as PatternAlternative, value));
    case "numeric":
      return typeof value === "number" && matchesNumeric(expected, value);
    default:
      throw new Error(`The sandbox's EventBridge does not know the filter "${kind}" of event patterns.`);
  }
};

const matchesText = (
  expected: unknown,
  value: unknown,
  compare: (text: string, part: string) => boolean,
): boolean => {
  if (typeof value !== "string") return false;
  return [expected].flat().some((part) => {
    if (isRecord(part)) return compare(value.toLowerCase(), String(part["equals-ignore-case"]).toLowerCase());
    return compare(value, String(part));
  });
};

/** A backslash makes an asterisk, or a backslash, stand for itself. */
const wildcard = (pattern: string): RegExp => {
  const parts = pattern.match(/\\[*\\]|./gs) ?? [];
  const expression = parts.map((part) =>
    part === "*" ? ".*" : part.slice(-1).replace(/[.*+?^${}()|[\]\\]/, "\\$&"),
  );
  return new RegExp(`^${expression.join("")}$`, "s");
};

const matchesNumeric = (expected: unknown, value: number): boolean => {
  const parts = expected as (string | number)[];
  for (let index = 0; index < parts.length; index += 2) {
    if (!compareNumber(String(parts[index]), value, Number(parts[index + 1]))) return false;
  }
  return true;
};

const compareNumber = (comparison: string, value: number, limit: number): boolean => {
  switch (comparison) {
    case "=":
      return value === limit;
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    default:
      throw new Error(`EventBridge's numeric filter has no comparison "${comparison}".`);
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
