// A role's policies taken apart into grants, the smallest permissions there are: one action on one resource, under one value of each
// condition. What is used, what is not, and what fails without it can then be said of each.
import type { PolicyStatement, RoleDefinition } from "../template/types.ts";
import { shownCondition, splitCondition } from "./conditions.ts";

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
  /** The same with the template's parameters by name. */
  named: PolicyStatement;
}

/** What a grant allows, alike in every deployment of the template. */
export interface Permission {
  role: string;
  action: string;
  /** With the template's parameters by name. */
  resource: string;
  /** Empty: none. */
  condition: string;
}

const known = new WeakMap<RoleDefinition, Grant[]>();

/** The same array for the same role, since decisions are remembered by it. */
export const grantsOf = (role: RoleDefinition): Grant[] => {
  const grants = known.get(role) ?? takeApart(role);
  known.set(role, grants);
  return grants;
};

const takeApart = (role: RoleDefinition): Grant[] =>
  role.policies.flatMap(({ name, statements, named = statements }) =>
    statements.flatMap((statement, index) => {
      const byName = split(named[index] ?? statement);
      return split(statement).map((alone, part) => ({
        role: role.logicalId,
        policy: name,
        statement: index,
        effect: alone.Effect,
        action: shown(alone.Action, alone.NotAction),
        resource: shown(alone.Resource, alone.NotResource),
        alone,
        named: byName[part] ?? alone,
      }));
    }),
  );

export const permissionOf = ({
  role,
  action,
  named,
}: Pick<Grant, "role" | "action" | "named">): Permission => ({
  role,
  action,
  resource: shown(named.Resource, named.NotResource).replace(ACCOUNT, "account"),
  condition: shownCondition(named.Condition).replace(ACCOUNT, "account"),
});

/** In an ARN. Each deployment has its own, and the layers of the tests are deployments of two. */
const ACCOUNT = /(?<=:)\d{12}(?=:)/g;

/** For people, and as the key of a record. */
export const nameOf = ({ role, action, resource }: Pick<Grant, "role" | "action" | "resource">): string =>
  `${role} ${action} on ${resource}`;

/** The same role without the grants that are named; its other permissions stay. */
export const withoutGrants = (role: RoleDefinition, unwanted: (grant: Grant) => boolean): RoleDefinition => {
  const left = grantsOf(role).filter((grant) => !unwanted(grant));
  if (left.length === grantsOf(role).length) return role;
  return {
    ...role,
    policies: role.policies.map(({ name }) => {
      const own = left.filter(({ policy }) => policy === name);
      return { name, statements: own.map(({ alone }) => alone), named: own.map(({ named }) => named) };
    }),
  };
};

const split = (statement: PolicyStatement): PolicyStatement[] => {
  const actions = statement.Action === undefined ? [undefined] : [statement.Action].flat();
  const resources = statement.Resource === undefined ? [undefined] : [statement.Resource].flat();
  const conditions = splitCondition(statement.Condition);
  return actions.flatMap((Action) =>
    resources.flatMap((Resource) =>
      conditions.map((Condition) => ({
        ...statement,
        ...(Action === undefined ? {} : { Action }),
        ...(Resource === undefined ? {} : { Resource }),
        ...(Condition === undefined ? {} : { Condition }),
      })),
    ),
  );
};

const shown = (wanted: string | string[] | undefined, unwanted: string | string[] | undefined): string =>
  wanted === undefined ? `anything but ${[unwanted].flat().join(", ")}` : [wanted].flat().join(", ");
