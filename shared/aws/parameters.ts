// Parameter Store, for values that are no secrets. (Secrets are read by the hosts alone, with their own roles.)
import { GetParameterCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
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
