// Starting a durable execution by name, so that every trigger for one host arrives at the same one.
import {
  InvokeCommand,
  type LambdaClient,
  ListDurableExecutionsByFunctionCommand,
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
