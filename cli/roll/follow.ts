// Follows a roll to its end: what is new in its execution's history, every second.
import { isTransient } from "../../shared/aws/errors.ts";
import { eventsAfter } from "../aws/executions.ts";
import { attempt } from "../aws/failure.ts";
import type { Tool } from "../command.ts";
import type { Deployment } from "../deployment.ts";
import type { Progress } from "../terminal/progress.ts";
import { type Ending, narrate, noStory } from "./narrate.ts";

const LOOK_EVERY_MILLIS = 1_000;
/** A roll takes minutes; AWS out of reach for one is no reason to stop following. */
const PATIENCE_MILLIS = 120_000;

/** @returns how the execution ended. @throws AwsFailure when its history cannot be read */
export const follow = async (
  tool: Tool,
  deployment: Deployment,
  arn: string,
  progress: Progress,
): Promise<Ending> => {
  const { rollFunction, regionName } = deployment;
  const about = {
    doing: "follow the roll in",
    what: rollFunction,
    region: regionName,
    permission: "lambda:GetDurableExecutionHistory",
  };
  let [story, lastId, heardAt] = [noStory, 0, tool.now()];
  for (;;) {
    try {
      for (const event of await eventsAfter(deployment, arn, lastId)) {
        const next = narrate(story, event);
        if (next.story.startedAt !== story.startedAt) progress.countFrom(next.story.startedAt);
        for (const { seconds, text, tone } of next.told) progress.line(seconds, text, tone);
        story = next.story;
        lastId = event.EventId ?? lastId;
      }
      heardAt = tool.now();
      progress.doing(story.doing);
    } catch (error) {
      const patient = isTransient(error) && tool.now() - heardAt < PATIENCE_MILLIS;
      if (!patient) await attempt(about, () => Promise.reject(error));
      progress.doing("AWS does not answer, and is asked again; the roll itself goes on");
    }
    if (story.ending) return story.ending;
    await tool.pause(LOOK_EVERY_MILLIS);
  }
};
