// Durable executions: which ones run, and starting one by name, so that every trigger for one host arrives at the same one.
import {
  InvokeCommand,
  type LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  type ListDurableExecutionsByFunctionCommandOutput,
} from "@aws-sdk/client-lambda";

/** The alias that a deployment moves to the newest version. */
const ALIAS = "durable";

export interface Execution {
  name: string;
  running: boolean;
}

/** The execution of exactly this name, whether it still runs or has ended; undefined: the name is free. */
export const findExecution = async (
  client: LambdaClient,
  functionName: string,
  name: string,
): Promise<Execution | undefined> => {
  const answer = await client.send(
    new ListDurableExecutionsByFunctionCommand({
      FunctionName: functionName,
      DurableExecutionName: name,
      MaxItems: 10,
    }),
  );
  const found = answer.DurableExecutions?.find((each) => each.DurableExecutionName === name);
  return found && { name, running: found.Status === "RUNNING" };
};

/** What one call lists; a fleet that is launched at once has several pages of them. */
const PAGE = 100;

/** All executions of a function that run now. */
export const runningExecutions = async (
  client: LambdaClient,
  functionName: string,
): Promise<{ name: string; startedAt: Date }[]> => {
  const running: { name: string; startedAt: Date }[] = [];
  let Marker: string | undefined;
  do {
    const answer: ListDurableExecutionsByFunctionCommandOutput = await client.send(
      new ListDurableExecutionsByFunctionCommand({
        FunctionName: functionName,
        Statuses: ["RUNNING"],
        MaxItems: PAGE,
        Marker,
      }),
    );
    for (const { DurableExecutionName: name, StartTimestamp: startedAt } of answer.DurableExecutions ?? [])
      if (name !== undefined && startedAt !== undefined) running.push({ name, startedAt });
    Marker = answer.NextMarker || undefined;
  } while (Marker !== undefined);
  return running;
};

/** Idempotent: the same name with the same payload answers with the execution that exists. */
export const startExecution = async (
  client: LambdaClient,
  functionName: string,
  name: string,
  payload: unknown,
): Promise<void> => {
  await client.send(
    new InvokeCommand({
      FunctionName: functionName,
      Qualifier: ALIAS,
      InvocationType: "Event",
      DurableExecutionName: name,
      Payload: JSON.stringify(payload),
    }),
  );
};
