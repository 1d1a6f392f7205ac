// Whether a roll is under way that changes what "the image that runs now" means. The history learns of it only when it has ended.
import { parseRollRequest, type RollRequest } from "../../shared/flows/roll-request.ts";
import type { Request } from "../aws/dispatch.ts";
import type { UnderWay } from "../aws/executions.ts";
import { parseJson } from "../follow/step-result.ts";

/** @returns the name of a roll of the service to another image than the one that is asked for; undefined: there is none. */
export const otherRollOf = (request: Request, underWay: readonly UnderWay[]): string | undefined =>
  underWay.find(({ payload }) => {
    const rolled = requestIn(payload);
    return rolled !== undefined && touches(rolled, request) && imageOf(rolled) !== request.image;
  })?.name;

const requestIn = (payload: string): RollRequest | undefined => {
  try {
    return parseRollRequest(parseJson(payload));
  } catch {
    // Started by another version of dispatch: nothing is known of it.
    return undefined;
  }
};

const touches = (rolled: RollRequest, { repository, service }: Request): boolean =>
  rolled.repository === repository &&
  (rolled.trigger === "push" || (!rolled.dryRun && ["", service].includes(rolled.service)));

const imageOf = (rolled: RollRequest): string => (rolled.trigger === "push" ? rolled.digest : rolled.image);
