// The switch itself: one parameter, made by whoever comes first, and deleted.
import { DeleteParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { errorCode } from "../../shared/aws/errors.ts";
import { readParameter } from "../../shared/aws/parameters.ts";
import { type Pause, PauseError, parsePause } from "../../shared/fleet/pause.ts";
import { attempt } from "../aws/failure.ts";
import type { Deployment } from "../deployment.ts";

/** What stands in the parameter; `unclear`: it is a pause, and does not say whose. */
export type Standing = { paused: false } | { paused: true; pause: Pause } | { paused: true; unclear: string };

const about = ({ pauseParameter, regionName }: Deployment, doing: string, permission: string) => ({
  doing,
  what: pauseParameter,
  region: regionName,
  permission,
});

/** @throws AwsFailure */
export const readStanding = async (deployment: Deployment): Promise<Standing> => {
  const { systemsManager, pauseParameter } = deployment;
  const text = await attempt(about(deployment, "read", "ssm:GetParameter"), () =>
    readParameter(systemsManager, pauseParameter),
  );
  if (text === undefined) return { paused: false };
  try {
    return { paused: true, pause: parsePause(pauseParameter, text) };
  } catch (error) {
    if (!(error instanceof PauseError)) throw error;
    return { paused: true, unclear: error.message };
  }
};

/** @returns false: there is one already. @throws AwsFailure */
export const writePause = async (deployment: Deployment, pause: Pause): Promise<boolean> => {
  const { systemsManager, pauseParameter } = deployment;
  return await attempt(about(deployment, "write", "ssm:PutParameter"), async () => {
    try {
      await systemsManager.send(
        new PutParameterCommand({
          Name: pauseParameter,
          Value: JSON.stringify(pause),
          Type: "String",
          Overwrite: false,
        }),
      );
      return true;
    } catch (error) {
      if (errorCode(error) === "ParameterAlreadyExists") return false;
      throw error;
    }
  });
};

/** @returns false: there was none. @throws AwsFailure */
export const deletePause = async (deployment: Deployment): Promise<boolean> => {
  const { systemsManager, pauseParameter } = deployment;
  return await attempt(about(deployment, "delete", "ssm:DeleteParameter"), async () => {
    try {
      await systemsManager.send(new DeleteParameterCommand({ Name: pauseParameter }));
      return true;
    } catch (error) {
      if (errorCode(error) === "ParameterNotFound") return false;
      throw error;
    }
  });
};
