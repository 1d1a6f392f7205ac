// Asks `dispatch` for a roll, a plan or a repair, as an event would, and reads which execution it has arrived at.
import { InvokeCommand } from "@aws-sdk/client-lambda";
import * as z from "zod/mini";
import type { Apply } from "../../shared/events/repair-request.ts";
import type { RollByHand } from "../../shared/events/roll-request.ts";
import type { Deployment } from "../deployment.ts";
import { AwsFailure, attempt } from "./failure.ts";

export type Request = Omit<RollByHand, "kind">;

const dispatched = z.union([
  z.object({ started: z.string() }),
  /** The same is being rolled already. */
  z.object({ joined: z.string() }),
  z.object({ ignored: z.string() }),
]);

export type Dispatched = z.infer<typeof dispatched>;

/** Safe to repeat: the same request arrives at the same execution while it runs. @throws AwsFailure */
export const requestRoll = (deployment: Deployment, request: Request): Promise<Dispatched> =>
  ask(deployment, "roll", "Roll Requested", request);

/** @throws AwsFailure */
export const requestPlan = (deployment: Deployment): Promise<Dispatched> =>
  ask(deployment, "plan", "Plan Requested", {});

/** @throws AwsFailure */
export const requestRepair = (deployment: Deployment, apply: Apply): Promise<Dispatched> =>
  ask(deployment, "repair", "Repair Requested", { apply });

const ask = async (
  deployment: Deployment,
  what: string,
  detailType: string,
  request: object,
): Promise<Dispatched> => {
  const { lambda, dispatchFunction, regionName } = deployment;
  const about = {
    doing: `ask for a ${what} through`,
    what: dispatchFunction,
    region: regionName,
    permission: "lambda:InvokeFunction",
  };
  const event = { source: "hive-swarm", "detail-type": detailType, detail: request };
  const { Payload, FunctionError } = await attempt(about, () =>
    lambda.send(new InvokeCommand({ FunctionName: dispatchFunction, Payload: JSON.stringify(event) })),
  );
  const answer = textOf(Payload);
  if (FunctionError !== undefined)
    throw new AwsFailure(
      `${dispatchFunction} in ${regionName} failed on the request ${JSON.stringify(request)}: ${errorIn(answer)}\n` +
        `Its log group /aws/lambda/${dispatchFunction} has the rest. Is what is deployed as new as this tool?`,
    );
  const parsed = dispatched.safeParse(parseJson(answer));
  if (parsed.success) return parsed.data;
  throw new AwsFailure(
    `${dispatchFunction} in ${regionName} answered something else than it should: ${answer.slice(0, 300)}\n` +
      "Is what is deployed as new as this tool?",
  );
};

const textOf = (payload: Uint8Array | undefined): string => new TextDecoder().decode(payload);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const functionError = z.object({ errorType: z._default(z.string(), "Error"), errorMessage: z.string() });

/** What the function threw; the text itself where it is none of Lambda's errors. */
const errorIn = (answer: string): string => {
  const parsed = functionError.safeParse(parseJson(answer));
  return parsed.success ? `${parsed.data.errorType}: ${parsed.data.errorMessage}` : answer.slice(0, 300);
};
