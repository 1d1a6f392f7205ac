// IAM of the sandbox: every call of a function or an instance is held against the policies of its own role, as the packaged
// template has them. People (the operator) may do everything. It keeps a record of which permission was used how often.
import type { Call, Interceptor } from "../aws/handle.ts";
import type { Account } from "../models/account.ts";
import { AwsError } from "../ports.ts";
import { accessDenied } from "./denial.ts";
import { decide, type Principal } from "./evaluate.ts";
import type { Facts } from "./facts.ts";
import { type Grant, grantsOf, nameOf } from "./grants.ts";
import { type Identity, type PrincipalsTemplate, principals } from "./principals.ts";
import { type AccessRequest, requestsOf } from "./requests.ts";
import type { Recorder } from "./uses.ts";

export interface AccessOptions {
  template: PrincipalsTemplate;
  account: Account;
  facts: Facts;
  /** Also told of each use and refusal: for the report over a whole test run. */
  recorder?: Recorder;
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
  /** The session of a caller that has a role, as refusals name it. @throws Error for a principal that is not known. */
  arnOf(principal: string): string;
  /** @throws AwsError as the service would refuse; Error for an operation or a principal that is not known. */
  authorize(call: Call): void;
  /**
   * What Lambda checks when a function is created: may its role send to the queue of its failures?
   * @throws AwsError in Lambda's words.
   */
  checkDeployment(): void;
  report(): PermissionReport;
}

export const createAccess = ({ template, account, facts, recorder }: AccessOptions): Access => {
  const grants = new Map(template.roles.map((role) => [role.logicalId, grantsOf(role)]));
  const used = new Map<Grant, number>();
  const refused: Refusal[] = [];

  const identify = principals(template, facts);

  const sessionArn = ({ role, session }: Identity): string =>
    `arn:aws:sts::${account.id}:assumed-role/${role.name}/${session}`;

  /** @throws AwsError */
  const require = (
    request: AccessRequest,
    identity: Identity,
    call: string,
    region: string = account.region,
  ) => {
    const { role } = identity;
    const arn = sessionArn(identity);
    const principal: Principal = { arn, account: account.id, region };
    const decision = decide(grants.get(role.logicalId) ?? [], request, principal);
    if (decision.allowed) {
      for (const grant of decision.by) used.set(grant, (used.get(grant) ?? 0) + 1);
      recorder?.used(decision.by);
      return;
    }
    const refusal = { role: role.logicalId, action: request.action, resource: request.resource, call };
    refused.push(refusal);
    recorder?.refused(refusal);
    throw accessDenied(request, arn, decision.explicitly, { ...account, region });
  };

  const authorize: Access["authorize"] = (call) => {
    if (call.caller.principal === "operator") return;
    const { principal, region = account.region } = call.caller;
    const identity = identify(principal);
    for (const request of requestsOf(call, { account: { ...account, region }, facts }))
      require(request, identity, `${call.service} ${call.operation}`, region);
  };

  return {
    interceptor: async (call, next) => {
      authorize(call);
      return await next(call);
    },
    arnOf: (principal) => sessionArn(identify(principal)),
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
