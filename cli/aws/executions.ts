// A durable execution as it can be followed from outside: found by its name, and read event by event.
import {
  type Event,
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  type GetDurableExecutionHistoryCommandOutput,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import type { Deployment } from "../deployment.ts";
import { AwsFailure, attempt } from "./failure.ts";

/** Dispatch has started it just now, asynchronously: a list may not show it yet. */
const UNLISTED_SECONDS = 20;

/** @returns the execution's ARN. @throws AwsFailure */
export const findExecutionArn = async (
  { lambda, regionName }: Deployment,
  functionName: string,
  name: string,
  { pause }: { pause(milliseconds: number): Promise<void> },
): Promise<string> => {
  const about = {
    doing: `find the execution ${name} of`,
    what: functionName,
    region: regionName,
    permission: "lambda:ListDurableExecutionsByFunction",
  };
  for (let second = 0; second < UNLISTED_SECONDS; second++) {
    const { DurableExecutions = [] } = await attempt(about, () =>
      lambda.send(
        new ListDurableExecutionsByFunctionCommand({
          FunctionName: functionName,
          DurableExecutionName: name,
          MaxItems: 10,
        }),
      ),
    );
    const found = DurableExecutions.find((each) => each.DurableExecutionName === name);
    if (found?.DurableExecutionArn !== undefined) return found.DurableExecutionArn;
    await pause(1000);
  }
  throw new AwsFailure(
    `${functionName} in ${regionName} lists no execution ${name} after ${UNLISTED_SECONDS} s, although dispatch has started it.`,
  );
};

/** How an execution ended. */
export type Ended = { succeeded: true; result: string } | { succeeded: false; because: string };

/** @returns undefined: it runs. @throws AwsFailure */
export const executionEnd = async (
  { lambda, regionName }: Deployment,
  functionName: string,
  arn: string,
): Promise<Ended | undefined> => {
  const about = { doing: "look at an execution of", what: functionName, region: regionName };
  const {
    Status,
    Result,
    Error: error,
  } = await attempt({ ...about, permission: "lambda:GetDurableExecution" }, () =>
    lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn })),
  );
  if (Status === "RUNNING") return undefined;
  if (Status === "SUCCEEDED") return { succeeded: true, result: Result ?? "" };
  const because = error?.ErrorMessage ?? error?.ErrorType ?? "no error was given";
  return { succeeded: false, because: `${Status}: ${because}` };
};

export interface UnderWay {
  name: string;
  /** What it was started with: JSON. */
  payload: string;
}

/** The newest; a cluster has a few at a time. */
const MOST_UNDER_WAY = 50;

/** The executions that run now. @throws AwsFailure */
export const executionsUnderWay = async (deployment: Deployment): Promise<UnderWay[]> => {
  const { lambda, rollFunction, regionName } = deployment;
  const about = { doing: "list what is under way in", what: rollFunction, region: regionName };
  const { DurableExecutions = [] } = await attempt(
    { ...about, permission: "lambda:ListDurableExecutionsByFunction" },
    () =>
      lambda.send(
        new ListDurableExecutionsByFunctionCommand({
          FunctionName: rollFunction,
          Statuses: ["RUNNING"],
          MaxItems: MOST_UNDER_WAY,
        }),
      ),
  );
  return await Promise.all(
    DurableExecutions.map(async ({ DurableExecutionArn, DurableExecutionName: name = "" }) => {
      const { InputPayload: payload = "" } = await attempt(
        { ...about, permission: "lambda:GetDurableExecution" },
        () => lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn })),
      );
      return { name, payload };
    }),
  );
};

const PAGE = 100;

/** Events after the one with this id, oldest first. Read from the newest backwards: a marker is good for a day only, a roll may take longer. */
export const eventsAfter = async (
  { lambda }: Pick<Deployment, "lambda">,
  arn: string,
  lastId: number,
): Promise<Event[]> => {
  const found = new Map<number, Event>();
  let Marker: string | undefined;
  do {
    const { Events = [], NextMarker }: GetDurableExecutionHistoryCommandOutput = await lambda.send(
      new GetDurableExecutionHistoryCommand({
        DurableExecutionArn: arn,
        IncludeExecutionData: true,
        ReverseOrder: true,
        MaxItems: PAGE,
        Marker,
      }),
    );
    for (const event of Events) if ((event.EventId ?? 0) > lastId) found.set(event.EventId ?? 0, event);
    Marker = Events.some(({ EventId = 0 }) => EventId <= lastId) ? undefined : NextMarker;
  } while (Marker !== undefined);
  return [...found.entries()].sort(([one], [other]) => one - other).map(([, event]) => event);
};
