// The report of permissions that no test needs, as text for a terminal.
import type { Verdict } from "./unused.ts";

/** By role; what is accepted stands once with its reason. */
export const shownVerdict = ({ rows, wrong, permissions }: Verdict): string => {
  const open = rows.filter(({ because }) => because === undefined);
  const reasons = Map.groupBy(
    rows.filter(({ because }) => because !== undefined),
    ({ because }) => because,
  );
  return [
    `${permissions} permissions; ${permissions - rows.length} used, ${rows.length - open.length} not, with a reason, ${open.length} not, without one.`,
    ...[...Map.groupBy(open, ({ permission }) => permission.role)].flatMap(([role, ofRole]) => [
      "",
      `${role}:`,
      ...ofRole.map(({ permission: { action, resource, condition }, need }) =>
        [
          `  ${need === "unused" ? "unused " : "covered"}  ${action} on ${resource}`,
          ...(condition === "" ? [] : [`             if ${condition}`]),
        ].join("\n"),
      ),
    ]),
    ...[...reasons].flatMap(([because, accepted]) => [
      "",
      `Accepted: ${because}`,
      ...[...Map.groupBy(accepted, ({ permission: { action } }) => action)].map(
        ([action, same]) =>
          `  ${action}: ${[...new Set(same.map(({ permission }) => permission.role))].sort().join(", ")}`,
      ),
    ]),
    ...(wrong.length === 0 ? [] : ["", ...wrong.map((text) => `✖ ${text}`)]),
  ].join("\n");
};
