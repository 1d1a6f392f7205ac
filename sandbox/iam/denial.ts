// How each service says no. Functions and people read these words, so they are the services' own.
import type { Account } from "../models/account.ts";
import { AwsError } from "../ports.ts";
import type { AccessRequest } from "./requests.ts";

export const accessDenied = (
  request: AccessRequest,
  principalArn: string,
  explicitly: boolean,
  account: Account,
): AwsError => {
  const [service = ""] = request.action.split(":");
  // Systems Manager passes on what KMS answers, and of a value that is to be decrypted that tells nothing.
  if (request.action === "kms:Decrypt") {
    return new AwsError(
      "AccessDeniedException",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  }
  const why = explicitly
    ? "with an explicit deny in an identity-based policy"
    : `because no identity-based policy allows the ${request.action} action`;
  const where = shownResource(service, request.resource, account);
  const message = `User: ${principalArn} is not authorized to perform: ${request.action}${where} ${why}`;
  // The JSON services answer 400, the others 403.
  const json = ["ssm", "ecr", "events", "kms"].includes(service);
  const code = json || service === "lambda" ? "AccessDeniedException" : "AccessDenied";
  return new AwsError(code, message, json ? 400 : 403);
};

/** Where an action knows no resource, services show different things, or nothing. */
const shownResource = (service: string, resource: string, { region, id }: Account): string => {
  if (service === "s3") return ` on resource: "${resource}"`;
  if (resource !== "*") return ` on resource: ${resource}`;
  if (service === "ssm") return ` on resource: arn:aws:ssm:${region}:${id}:*`;
  return service === "ecr" ? " on resource: *" : "";
};
