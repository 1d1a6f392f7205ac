// The condition of a statement, taken apart: of a list of values each may be the one that is met, so each is a permission of its own.
type Condition = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * "One of these" is the same as one statement for each. Not so of `ForAllValues`, nor of what denies (`StringNotEquals`: none of
 * these): such a list stays whole.
 */
const ONE_OF = /^(String|Arn)(Equals|Like|EqualsIgnoreCase)(IfExists)?$/;

/** The conditions with one value each that together say the same; `[undefined]` where there is none. */
export const splitCondition = (
  condition: Condition | undefined,
): (Record<string, Record<string, unknown>> | undefined)[] => {
  if (condition === undefined) return [undefined];
  let parts: Record<string, Record<string, unknown>>[] = [{}];
  for (const [operator, keys] of Object.entries(condition))
    for (const [key, value] of Object.entries(keys)) {
      const values = Array.isArray(value) && ONE_OF.test(operator) ? value : [value];
      parts = parts.flatMap((part) =>
        values.map((one) => ({ ...part, [operator]: { ...part[operator], [key]: one } })),
      );
    }
  return parts;
};

/** In one line: `kms:ViaService StringEquals ssm.eu-west-1.amazonaws.com`. */
export const shownCondition = (condition: Condition | undefined): string =>
  Object.entries(condition ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => `${key} ${operator} ${[value].flat().join(" | ")}`),
    )
    .sort()
    .join(", ");
