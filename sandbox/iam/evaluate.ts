// IAM's decision over one request, by the evaluation engine of @cloud-copilot/iam-simulate, and which grants it rests on.
import { runUnsafeSimulation, type Simulation } from "@cloud-copilot/iam-simulate";
import type { PolicyStatement } from "../template/types.ts";
import type { Grant } from "./grants.ts";
import type { AccessRequest } from "./requests.ts";

export interface Principal {
  /** The session: `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  arn: string;
  account: string;
  region: string;
}

export type Decision =
  | { allowed: true; by: readonly Grant[] }
  /** `explicitly`: a Deny matched; else nothing allows it. */
  | { allowed: false; explicitly: boolean };

/** Nothing of a question changes its answer later: the flows ask the same ones many thousands of times. */
const decided = new WeakMap<readonly Grant[], Map<string, Decision>>();

/** Each grant is put to the engine as a policy of its own: their union is what the whole policy says. */
export const decide = (grants: readonly Grant[], request: AccessRequest, principal: Principal): Decision => {
  const ofGrants = decided.get(grants) ?? new Map<string, Decision>();
  decided.set(grants, ofGrants);
  const question = JSON.stringify([request, principal]);
  const decision = ofGrants.get(question) ?? judge(grants, request, principal);
  ofGrants.set(question, decision);
  return decision;
};

const judge = (grants: readonly Grant[], request: AccessRequest, principal: Principal): Decision => {
  const candidates = grants.filter(({ action }) => mayConcern(action, request.action));
  const matching = candidates.filter(({ alone, effect }) => {
    const result = runUnsafeSimulation(
      simulationOf([asked(alone)], { ...request, action: byIdentity(request.action) }, principal),
      {},
    );
    return result === (effect === "Allow" ? "Allowed" : "ExplicitlyDenied");
  });
  if (matching.some(({ effect }) => effect === "Deny")) return { allowed: false, explicitly: true };
  return matching.length > 0 ? { allowed: true, by: matching } : { allowed: false, explicitly: false };
};

/** Spares the engine what is plainly another action. */
const mayConcern = (action: string, asked: string): boolean =>
  !/^[a-z0-9-]+:[a-z0-9]+$/i.test(action) || action.toLowerCase() === asked.toLowerCase();

/**
 * A key's own policy comes first with KMS. The one that every key has at first leaves the decision to the caller's policies,
 * and that is what is asked here; under another name, since the engine's quick entry cannot be given a key policy.
 */
const byIdentity = (action: string): string => action.replace(/^kms:/i, "kms-by-identity:");

const asked = (statement: PolicyStatement): PolicyStatement =>
  statement.Action === undefined
    ? statement
    : { ...statement, Action: [statement.Action].flat().map(byIdentity) };

/** The same question in the engine's words. @param statements of identity policies */
export const simulationOf = (
  statements: readonly unknown[],
  { action, resource, context }: AccessRequest,
  { arn, account, region }: Principal,
): Simulation => ({
  request: {
    principal: arn,
    action,
    resource: { resource, accountId: account },
    contextVariables: { "aws:RequestedRegion": region, "aws:PrincipalAccount": account, ...context },
  },
  identityPolicies: [{ name: "role", policy: { Version: "2012-10-17", Statement: statements } }],
  serviceControlPolicies: [],
  resourceControlPolicies: [],
});
