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
  { lambda, rollFunction, regionName }: Deployment,
  name: string,
  { pause }: { pause(milliseconds: number): Promise<void> },
): Promise<string> => {
  const about = {
    doing: `find the execution ${name} of`,
    what: rollFunction,
    region: regionName,
    permission: "lambda:ListDurableExecutionsByFunction",
  };
  for (let second = 0; second < UNLISTED_SECONDS; second++) {
    const { DurableExecutions = [] } = await attempt(about, () =>
      lambda.send(
        new ListDurableExecutionsByFunctionCommand({
          FunctionName: rollFunction,
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
    `${rollFunction} in ${regionName} lists no execution ${name} after ${UNLISTED_SECONDS} s, although dispatch has started it.`,
  );
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
