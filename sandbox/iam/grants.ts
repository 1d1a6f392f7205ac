// A role's policies taken apart into grants, the smallest permissions there are: one action on one resource. What is used,
// what is not, and what fails without it can then be said of each.
import type { PolicyStatement, RoleDefinition } from "../template/types.ts";

export interface Grant {
  /** Logical id of the role, for example `JoinNodeRole`. */
  role: string;
  policy: string;
  /** Index of the statement in its policy. */
  statement: number;
  effect: "Allow" | "Deny";
  /** As written, wildcards included; a `NotAction` or `NotResource` stays whole and is shown as such. */
  action: string;
  resource: string;
  /** A statement that holds this grant alone. */
  alone: PolicyStatement;
}

export const grantsOf = (role: RoleDefinition): Grant[] =>
  role.policies.flatMap(({ name, statements }) =>
    statements.flatMap((statement, index) =>
      split(statement).map((alone) => ({
        role: role.logicalId,
        policy: name,
        statement: index,
        effect: alone.Effect,
        action: shown(alone.Action, alone.NotAction),
        resource: shown(alone.Resource, alone.NotResource),
        alone,
      })),
    ),
  );

/** For people, and as the key of a record. */
export const nameOf = ({ role, action, resource }: Pick<Grant, "role" | "action" | "resource">): string =>
  `${role} ${action} on ${resource}`;

/** The same role without the grants that are named; its other permissions stay. */
export const withoutGrants = (role: RoleDefinition, unwanted: (grant: Grant) => boolean): RoleDefinition => {
  const left = grantsOf(role).filter((grant) => !unwanted(grant));
  return {
    ...role,
    policies: role.policies.map(({ name }) => ({
      name,
      statements: left.filter(({ policy }) => policy === name).map(({ alone }) => alone),
    })),
  };
};

const split = (statement: PolicyStatement): PolicyStatement[] => {
  const actions = statement.Action === undefined ? [undefined] : [statement.Action].flat();
  const resources = statement.Resource === undefined ? [undefined] : [statement.Resource].flat();
  return actions.flatMap((Action) =>
    resources.map((Resource) => ({
      ...statement,
      ...(Action === undefined ? {} : { Action }),
      ...(Resource === undefined ? {} : { Resource }),
    })),
  );
};

const shown = (wanted: string | string[] | undefined, unwanted: string | string[] | undefined): string =>
  wanted === undefined ? `anything but ${[unwanted].flat().join(", ")}` : [wanted].flat().join(", ");
