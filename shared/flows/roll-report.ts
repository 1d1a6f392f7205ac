// What a roll came to: into the history of its service, onto the event bus, and into the log, each once more after a crash.
import { publishEvent } from "../aws/event-bus.ts";
import { writeParameter } from "../aws/parameters.ts";
import { historyEntry } from "../rolls/history.ts";
import { isHistory, isTrouble, type RollOutcome } from "../rolls/outcome.ts";
import { StepFailure } from "./failure.ts";
import type { RollErrand } from "./roll-target.ts";

const EVENT = "Service Roll Finished";

/**
 * Each of the three by itself: a history that cannot be written must not keep the outcome from being known.
 * @returns what could not be told, and why.
 */
export const report = async ({ flow, world }: RollErrand, outcome: RollOutcome): Promise<string[]> => {
  const { config, log } = world;
  const untold: string[] = [];
  const attempt = async (run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      untold.push(error.message);
    }
  };
  await flow.step("report", async () => {
    const record = { flow: flow.name, ...outcome };
    if (isTrouble(outcome)) log.error(`roll ${outcome.outcome}`, record);
    else log.info(`roll ${outcome.outcome}`, record);
  });
  await attempt(() =>
    flow.step("publish outcome", () =>
      publishEvent(world.eventBus, EVENT, { cluster: config.cluster, ...outcome }),
    ),
  );
  if (isHistory(outcome))
    await attempt(() =>
      flow.step("write history", () =>
        writeParameter(
          world.systemsManager,
          `${config.historyPrefix}/${outcome.service}`,
          historyEntry(outcome),
        ),
      ),
    );
  return untold;
};
