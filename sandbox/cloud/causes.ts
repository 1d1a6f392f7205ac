// Why an instance changed its state, in a few words for one line of a terminal. AWS's own sentences stay in timeline.jsonl.

const SHORT: readonly [RegExp, string][] = [
  [/^an instance was .* the capacity from (\d+) to (\d+)$/, "capacity $1 → $2"],
  [/^an instance was taken out of service in response to an EC2 health check .*$/, "EC2 health check"],
  [/^an instance was taken out of service in response to a user request$/, "asked for"],
  [/^an instance was (.*) the warm pool in response to a (.*)$/, "$1 the warm pool: $2"],
  [/^an instance was (.*)$/, "$1"],
  [/^the (?:launch |terminate )?hooks? said (\w+)$/, "hooks: $1"],
  [/^the launch is complete$/, "launched"],
  [/^the machine is terminated$/, "machine gone"],
  [/^the terminate hook was ABANDONed and the group retains$/, "hooks: ABANDON"],
];

/** @param cause as the journal of the Auto Scaling model has it */
export const shortCause = (cause: string): string => {
  const found = SHORT.find(([pattern]) => pattern.test(cause));
  return found === undefined ? cause : cause.replace(...found);
};
