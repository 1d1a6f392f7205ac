// Whether rolls and repairs are paused, asked of Parameter Store.
import { errorText, isTransient } from "../aws/errors.ts";
import { readParameter } from "../aws/parameters.ts";
import { type Pause, parsePause } from "../fleet/pause.ts";
import type { CoreWorld } from "./world.ts";

/**
 * @returns undefined: they are not.
 * @throws what AWS answers, and PauseError for a parameter that cannot be read: whoever acts then takes it for a pause.
 */
export const readPause = async ({
  systemsManager,
  config,
}: Pick<CoreWorld, "systemsManager" | "config">): Promise<Pause | undefined> => {
  const { pauseParameter } = config;
  const text = await readText(systemsManager, pauseParameter);
  return text === undefined ? undefined : parsePause(pauseParameter, text);
};

const readText = async (
  client: CoreWorld["systemsManager"],
  parameter: string,
): Promise<string | undefined> => {
  try {
    return await readParameter(client, parameter);
  } catch (cause) {
    // Tried again as it is.
    if (isTransient(cause)) throw cause;
    throw new Error(`GetParameter of ${parameter}: ${errorText(cause)}`, { cause });
  }
};
