// Parameter Store, for values that are no secrets. (Secrets are read by the hosts alone, with their own roles.)
import {
  GetParameterCommand,
  GetParameterHistoryCommand,
  type GetParameterHistoryCommandOutput,
  PutParameterCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { errorCode } from "./errors.ts";

/** @returns undefined when there is no such parameter. */
export const readParameter = async (client: SSMClient, name: string): Promise<string | undefined> => {
  try {
    return (await client.send(new GetParameterCommand({ Name: name }))).Parameter?.Value;
  } catch (error) {
    if (errorCode(error) === "ParameterNotFound") return undefined;
    throw error;
  }
};

export const writeParameter = async (client: SSMClient, name: string, value: string): Promise<void> => {
  await client.send(new PutParameterCommand({ Name: name, Value: value, Type: "String", Overwrite: true }));
};

/** @returns false when there is one already, which stays as it is: of two that create it, one does. */
export const createParameter = async (client: SSMClient, name: string, value: string): Promise<boolean> => {
  try {
    await client.send(
      new PutParameterCommand({ Name: name, Value: value, Type: "String", Overwrite: false }),
    );
    return true;
  } catch (error) {
    if (errorCode(error) === "ParameterAlreadyExists") return false;
    throw error;
  }
};

/** Versions of a parameter, the newest first: Parameter Store itself keeps the last hundred. @returns nothing when there is none. */
export const readVersions = async (client: SSMClient, name: string): Promise<string[]> => {
  const values: string[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const answer: GetParameterHistoryCommandOutput = await client.send(
        new GetParameterHistoryCommand({ Name: name, MaxResults: 50, NextToken }),
      );
      for (const { Value } of answer.Parameters ?? []) if (Value !== undefined) values.unshift(Value);
      // Of the last page it is an empty string.
      NextToken = answer.NextToken || undefined;
    } while (NextToken !== undefined);
  } catch (error) {
    if (errorCode(error) !== "ParameterNotFound") throw error;
  }
  return values;
};
