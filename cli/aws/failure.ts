// What AWS refused, for a person: what was tried, on what, what came back, and what can be done about it.
import { errorCode, errorText, isTransient } from "../../shared/aws/errors.ts";

export interface Attempt {
  /** What is done: `start a roll through`. */
  doing: string;
  /** On what: the name of a function or a parameter. */
  what: string;
  region: string;
  /** The permission that it takes: `lambda:InvokeFunction`. */
  permission: string;
}

/** Says all there is to say: printed without a stack. */
export class AwsFailure extends Error {}

/** @throws AwsFailure */
export const attempt = async <T>(about: Attempt, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (cause) {
    throw new AwsFailure(explain(about, cause), { cause });
  }
};

const explain = (about: Attempt, error: unknown): string => {
  const { doing, what, region } = about;
  return `Could not ${doing} ${what}${region && ` in ${region}`}: ${errorText(error)}\n${advice(about, error)}`;
};

const RIGHT_PLACE =
  "Give --cluster, --stage and --region as they were given to `serverless deploy` (its region is ap-northeast-1 unless told).";
const LOG_IN = "Log in again: aws sso login, or new keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";

/** By the error's code or, where the SDK has none, its words. */
const ADVICE: readonly (readonly [RegExp, string | ((about: Attempt) => string)])[] = [
  [/Region is missing/, "Say where the swarm is: --region, or AWS_REGION, or a region in the profile."],
  [
    /CredentialsProviderError|Could not load credentials|could not be found in (shared|config)/i,
    "Say who you are: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. `aws sts get-caller-identity` shows who that is.",
  ],
  [/ExpiredToken|token.*expired|session.*expired/i, LOG_IN],
  [
    /UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|security token.*invalid/i,
    `These keys are not valid there. ${LOG_IN}`,
  ],
  [
    /AccessDenied|not authorized/i,
    ({ what, permission }) => `You need the permission ${permission} on ${what}.`,
  ],
  [/ResourceNotFound|Function not found/i, RIGHT_PLACE],
  [
    /Thrott|TooManyRequests|RequestLimitExceeded|Rate exceeded/i,
    "AWS was asked too often, six times in a row: try again in a minute.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET/,
    "AWS cannot be reached there: is the network up, and the region right?",
  ],
];

const advice = (about: Attempt, error: unknown): string => {
  const system =
    typeof error === "object" && error !== null && "code" in error ? ` ${String(error.code)}` : "";
  const said = `${errorCode(error)} ${errorText(error)}${system}`;
  const found = ADVICE.find(([pattern]) => pattern.test(said))?.[1];
  if (typeof found === "function") return found(about);
  return found ?? (isTransient(error) ? "This passes: try again in a minute." : RIGHT_PLACE);
};
