// What a roll came to: into the history of its service, onto the event bus, and into the log, each once more after a crash.
import { errorText, isTransient } from "../aws/errors.ts";
import { publishEvent } from "../aws/event-bus.ts";
import { writeParameter } from "../aws/parameters.ts";
import { flowMeasured } from "../metrics.ts";
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
    // The logger keeps the key "service" to itself.
    const { service: serviceName, ...rest } = outcome;
    const record = { flow: flow.name, serviceName, ...rest };
    const back = ["rolled back", "rollback failed"].includes(outcome.outcome);
    const counted = back ? { RollsRolledBack: 1 } : {};
    const measured = flowMeasured(flow.name, outcome.outcome, outcome.seconds, counted);
    if (isTrouble(outcome)) log.error(`roll ${outcome.outcome}`, record, measured);
    else log.info(`roll ${outcome.outcome}`, record, measured);
  });
  /** The execution fails in the end: its dead letter alone would look as if the roll had. */
  const telling = (what: string, tell: () => Promise<void>) => async (): Promise<void> => {
    try {
      await tell();
    } catch (error) {
      const record = { flow: flow.name, serviceName: outcome.service, what, cause: errorText(error) };
      if (isTransient(error)) log.warn("outcome not told yet", record);
      else log.error("outcome not told", record);
      throw error;
    }
  };
  const event = { cluster: config.cluster, ...outcome };
  await attempt(() =>
    flow.step(
      "publish outcome",
      telling("event", () => publishEvent(world.eventBus, EVENT, event)),
    ),
  );
  const parameter = `${config.historyPrefix}/${outcome.service}`;
  if (isHistory(outcome))
    await attempt(() =>
      flow.step(
        "write history",
        telling(parameter, () => writeParameter(world.systemsManager, parameter, historyEntry(outcome))),
      ),
    );
  return untold;
};
