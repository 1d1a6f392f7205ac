// IAM of the sandbox: every call of a function or an instance is held against the policies of its own role, as the packaged
// template has them. People (the operator) may do everything. It keeps a record of which permission was used how often.
import type { Call, Interceptor } from "../aws/handle.ts";
import type { Account } from "../models/account.ts";
import { AwsError } from "../ports.ts";
import type { RoleDefinition, Template } from "../template/types.ts";
import { accessDenied } from "./denial.ts";
import { decide, type Principal } from "./evaluate.ts";
import type { Facts } from "./facts.ts";
import { type Grant, grantsOf, nameOf } from "./grants.ts";
import { type AccessRequest, requestsOf } from "./requests.ts";

export interface AccessOptions {
  template: Pick<Template, "roles" | "functions" | "stackName">;
  account: Account;
  facts: Facts;
}

export interface Refusal {
  role: string;
  action: string;
  resource: string;
  /** The call that needed it, for example `ssm SendCommand`. */
  call: string;
}

/** What a whole run used of its permissions. Plain JSON. */
export interface PermissionReport {
  used: {
    role: string;
    policy: string;
    statement: number;
    action: string;
    resource: string;
    times: number;
  }[];
  unused: { role: string; policy: string; statement: number; action: string; resource: string }[];
  refused: Refusal[];
}

export interface Access {
  /** Judges every call; to be installed in the handle that all calls go through. */
  interceptor: Interceptor;
  /** @throws AwsError as the service would refuse; Error for an operation or a principal that is not known. */
  authorize(call: Omit<Call, "input"> & { input: unknown }): void;
  /**
   * What Lambda checks when a function is created: may its role send to the queue of its failures?
   * @throws AwsError in Lambda's words.
   */
  checkDeployment(): void;
  report(): PermissionReport;
}

/** Logical ids of the instances' roles in the template. */
const INSTANCE_ROLES = { worker: "WorkerInstanceRole", manager: "ManagerInstanceRole" } as const;

export const createAccess = ({ template, account, facts }: AccessOptions): Access => {
  const grants = new Map(template.roles.map((role) => [role.logicalId, grantsOf(role)]));
  const used = new Map<Grant, number>();
  const refused: Refusal[] = [];

  const roleNamed = (wanted: (role: RoleDefinition) => boolean, whose: string): RoleDefinition => {
    const role = template.roles.find(wanted);
    if (role !== undefined) return role;
    throw new Error(
      `The packaged template has no role for ${whose}; there are ${[...grants.keys()].join(", ")}.`,
    );
  };

  /** The role that a caller has assumed, and its session. */
  const identify = (principal: string): { role: RoleDefinition; session: string } => {
    const [, kind, session = ""] = /^(function|instance):(.+)$/.exec(principal) ?? [];
    if (kind === "instance") {
      const found = facts.instance(session);
      if (found === undefined) throw new Error(`${session} is in no group, so its role is not known.`);
      const logicalId = INSTANCE_ROLES[found.role];
      return { role: roleNamed((role) => role.logicalId === logicalId, principal), session };
    }
    if (kind === "function") {
      const definition = template.functions.find(
        ({ name }) => name === session || name === `${template.stackName}-${session}`,
      );
      return {
        role: roleNamed(({ arn }) => arn === definition?.roleArn, principal),
        session: definition?.name ?? session,
      };
    }
    throw new Error(`The sandbox's IAM does not know what ${principal} is.`);
  };

  /** @throws AwsError */
  const require = (
    request: AccessRequest,
    { role, session }: { role: RoleDefinition; session: string },
    call: string,
  ) => {
    const arn = `arn:aws:sts::${account.id}:assumed-role/${role.name}/${session}`;
    const principal: Principal = { arn, account: account.id, region: account.region };
    const decision = decide(grants.get(role.logicalId) ?? [], request, principal);
    if (decision.allowed) {
      for (const grant of decision.by) used.set(grant, (used.get(grant) ?? 0) + 1);
      return;
    }
    refused.push({ role: role.logicalId, action: request.action, resource: request.resource, call });
    throw accessDenied(request, arn, decision.explicitly, account);
  };

  const authorize: Access["authorize"] = (call) => {
    if (call.caller.principal === "operator") return;
    const identity = identify(call.caller.principal);
    for (const request of requestsOf(call, { account, facts }))
      require(request, identity, `${call.service} ${call.operation}`);
  };

  return {
    interceptor: async (call, next) => {
      authorize(call);
      return await next(call);
    },
    authorize,
    checkDeployment: () => {
      for (const { name, deadLetterArn, onFailureArn } of template.functions) {
        for (const queue of [deadLetterArn, onFailureArn]) {
          if (queue === undefined) continue;
          try {
            require({ action: "sqs:SendMessage", resource: queue, context: {} }, identify(
              `function:${name}`,
            ), "lambda CreateFunction");
          } catch (cause) {
            if (!(cause instanceof AwsError)) throw cause;
            const error = new AwsError(
              "InvalidParameterValueException",
              `The provided execution role does not have permissions to call SendMessage on SQS (${name}, ${queue})`,
            );
            error.cause = cause;
            throw error;
          }
        }
      }
    },
    report: () => {
      const all = [...grants.values()].flat().map((grant) => ({ grant, times: used.get(grant) ?? 0 }));
      const plain = ({ role, policy, statement, action, resource }: Grant) => ({
        role,
        policy,
        statement,
        action,
        resource,
      });
      const sorted = all.sort((a, b) => (nameOf(a.grant) < nameOf(b.grant) ? -1 : 1));
      return {
        used: sorted.filter(({ times }) => times > 0).map(({ grant, times }) => ({ ...plain(grant), times })),
        unused: sorted.filter(({ times }) => times === 0).map(({ grant }) => plain(grant)),
        refused: [...refused],
      };
    },
  };
};
