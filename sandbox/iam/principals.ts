// Who has assumed which role: a function that of its definition, an instance that of its group.
import type { GroupDefinition } from "../template/infrastructure-types.ts";
import type { RoleDefinition, Template } from "../template/types.ts";
import type { Facts } from "./facts.ts";

export interface Identity {
  role: RoleDefinition;
  /** The session's name: the function's, or the instance's id. */
  session: string;
}

export type PrincipalsTemplate = Pick<Template, "roles" | "functions" | "stackName"> & {
  groups: readonly Pick<GroupDefinition, "name" | "roleArn">[];
};

/** @returns from a caller's principal (`function:join-node`, `instance:i-0abc…`) to its identity; throws where there is none. */
export const principals =
  ({ roles, functions, groups, stackName }: PrincipalsTemplate, facts: Facts) =>
  (principal: string): Identity => {
    const roleWhere = (wanted: (role: RoleDefinition) => boolean): RoleDefinition => {
      const role = roles.find(wanted);
      if (role !== undefined) return role;
      throw new Error(
        `The packaged template has no role for ${principal}; there are ${roles.map(({ logicalId }) => logicalId).join(", ")}.`,
      );
    };
    const [, kind, session = ""] = /^(function|instance):(.+)$/.exec(principal) ?? [];
    if (kind === "instance") {
      const found = facts.instance(session);
      if (found === undefined) throw new Error(`${session} is in no group, so its role is not known.`);
      const group = groups.find(({ name }) => name === found.group);
      return { role: roleWhere(({ arn }) => arn === group?.roleArn), session };
    }
    if (kind === "function") {
      const definition = functions.find(({ name }) => name === session || name === `${stackName}-${session}`);
      return {
        role: roleWhere(({ arn }) => arn === definition?.roleArn),
        session: definition?.name ?? session,
      };
    }
    throw new Error(`The sandbox's IAM does not know what ${principal} is.`);
  };
