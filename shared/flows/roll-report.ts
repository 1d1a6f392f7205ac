// What a roll came to: into the history of its service, onto the event bus, and into the log, each once more after a crash.
import { publishEvent } from "../aws/event-bus.ts";
import { writeParameter } from "../aws/parameters.ts";
import { historyEntry } from "../rolls/history.ts";
import { isHistory, isTrouble, type RollOutcome } from "../rolls/outcome.ts";
import type { RollErrand } from "./roll-target.ts";

const EVENT = "Service Roll Finished";

export const report = async ({ flow, world }: RollErrand, outcome: RollOutcome): Promise<void> => {
  const { config, log } = world;
  if (isHistory(outcome))
    await flow.step("write history", () =>
      writeParameter(
        world.systemsManager,
        `${config.historyPrefix}/${outcome.service}`,
        historyEntry(outcome),
      ),
    );
  await flow.step("publish outcome", () =>
    publishEvent(world.eventBus, EVENT, { cluster: config.cluster, ...outcome }),
  );
  await flow.step("report", async () => {
    const record = { flow: flow.name, ...outcome };
    if (isTrouble(outcome)) log.error(`roll ${outcome.outcome}`, record);
    else log.info(`roll ${outcome.outcome}`, record);
  });
};
