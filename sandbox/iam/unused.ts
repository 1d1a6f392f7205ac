// Least privilege, the other way: which of the roles' permissions a whole test run did not need, and whether each of those is accepted
// with a reason. Pure: from what the roles hold, what was used and what is accepted to what is wrong.
import type { Permission } from "./grants.ts";
import type { Recorded } from "./uses.ts";

/** Patterns, in which `*` stands for anything; every permission that they match is accepted as not needed by any test. */
export interface Accepted {
  role?: string;
  actions: readonly string[];
  resource?: string;
  condition?: string;
  because: string;
}

export interface AcceptedLists {
  unused: readonly Accepted[];
  /** Calls in a role's name that tests make in order to see them refused. */
  refused: readonly Accepted[];
}

/** `unused`: allowed no call. `covered`: allowed calls, each of which another permission of the role allowed too. */
type Need = "unused" | "covered" | "needed";

export interface Verdict {
  /** Permissions that nothing needed, with the reason for those that are accepted. */
  rows: { permission: Permission; need: Exclude<Need, "needed">; because: string | undefined }[];
  /** What is wrong besides those that are not accepted, in words. */
  wrong: string[];
  /** How many of both: a run fails when there is one. */
  problems: number;
  /** How many permissions there are. */
  permissions: number;
}

/** @param held every permission of every role @param recorded of all layers of tests */
export const judgePermissions = (
  held: readonly Permission[],
  { uses, refusals }: Recorded,
  accepted: AcceptedLists,
): Verdict => {
  const used = new Map<string, boolean>();
  for (const { permission, alone } of uses) {
    const key = keyOf(permission);
    used.set(key, alone || used.get(key) === true);
  }
  const needOf = (permission: Permission): Need => {
    const alone = used.get(keyOf(permission));
    return alone === undefined ? "unused" : alone ? "needed" : "covered";
  };
  const permissions = distinct(held);
  const rows = permissions.flatMap((permission) => {
    const need = needOf(permission);
    const because = accepted.unused.find((entry) => matches(entry, permission))?.because;
    return need === "needed" ? [] : [{ permission, need, because }];
  });
  const refused = distinct(refusals.map((one) => ({ ...one, condition: "" })));
  const wrong = [
    ...accepted.unused.flatMap((entry) => {
      const concerned = permissions.filter((permission) => matches(entry, permission));
      if (concerned.length === 0) return [`${shown(entry)} is accepted, and there is no such permission.`];
      return concerned
        .filter((permission) => needOf(permission) === "needed")
        .map((permission) => `${told(permission)} is accepted as unused, and it is used.`);
    }),
    ...refused
      .filter((one) => !accepted.refused.some((entry) => matches(entry, one)))
      .map((one) => `${told(one)} was called without a permission (${one.call}).`),
    ...accepted.refused
      .filter((entry) => !refused.some((one) => matches(entry, one)))
      .map((entry) => `${shown(entry)} is to be refused in some test, and was not.`),
    ...[...used.keys()]
      .filter((key) => !permissions.some((permission) => keyOf(permission) === key))
      .map((key) => `${key} was used, and is in no packaged role: was the template packaged anew meanwhile?`),
  ];
  const open = rows.filter(({ because }) => because === undefined);
  return { rows, permissions: permissions.length, wrong, problems: open.length + wrong.length };
};

const told = ({ role, action, resource, condition }: Permission): string =>
  `${role}: ${action} on ${resource}${condition === "" ? "" : ` if ${condition}`}`;

const keyOf = told;

const shown = ({ role = "*", actions, resource = "*" }: Accepted): string =>
  `${role}: ${actions.join(", ")} on ${resource}`;

export const matches = (entry: Accepted, { role, action, resource, condition }: Permission): boolean =>
  like(entry.role ?? "*", role) &&
  entry.actions.some((pattern) => like(pattern, action)) &&
  like(entry.resource ?? "*", resource) &&
  like(entry.condition ?? "*", condition);

const like = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split("*").map(literally).join(".*")}$`, "s").test(text);

const literally = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");

const distinct = <P extends Permission>(permissions: readonly P[]): P[] => [
  ...new Map(permissions.map((permission) => [keyOf(permission), permission])).values(),
];
