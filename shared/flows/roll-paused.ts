// A roll that begins while they are paused is refused before it has touched anything; one that is under way goes on.
import { pauseText } from "../fleet/pause.ts";
import type { Cause } from "../rolls/cause.ts";
import { failureOf, StepFailure } from "./failure.ts";
import { readPause } from "./paused.ts";
import type { RollErrand } from "./roll-target.ts";

const AFTERWARDS = "hive-swarm resume ends the pause; what was pushed meanwhile is then in hive-swarm plan";

/** @returns undefined: it may begin. */
export const pausedCause = async ({ flow, world }: RollErrand): Promise<Cause | undefined> => {
  try {
    const pause = await flow.step("read pause", () => readPause(world));
    return pause && { code: "paused", text: `rolls are ${pauseText(pause)}; ${AFTERWARDS}` };
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    const { cause } = failureOf(error);
    return { code: "paused", text: `whether rolls are paused is not known, so none begins: ${cause}` };
  }
};
