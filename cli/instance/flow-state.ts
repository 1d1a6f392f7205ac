// How far a flow has come: a function of its execution's history.
import type { Event } from "@aws-sdk/client-lambda";
import { beginStory, narrate, type Told } from "../follow/narrate.ts";
import { plain } from "../terminal/text.ts";
import { instanceNarrator, instanceSteps } from "./steps.ts";

export interface FlowState {
  startedAt: number;
  /** The step under way; undefined: between two. `looks`: that have ended. */
  step?: {
    name: string;
    doing: string;
    since: number;
    looks: number;
    /** When it is looked at again; undefined: right now. */
    nextLookAt?: number;
    /** What its last look threw. */
    trouble?: string;
  };
  /** What was told of it so far. */
  told: readonly Told[];
}

type Step = NonNullable<FlowState["step"]> & { id: string };

export const flowState = (events: readonly Event[]): FlowState => {
  let story = beginStory(instanceNarrator);
  const told: Told[] = [];
  let step: Step | undefined;
  for (const event of events) {
    const next = narrate(instanceNarrator, story, event);
    story = next.story;
    told.push(...next.told);
    step = stepAfter(step, event);
  }
  const { id: _id, ...shown } = step ?? { id: "" };
  return {
    startedAt: story.startedAt,
    told,
    ...(step === undefined ? {} : { step: shown as NonNullable<FlowState["step"]> }),
  };
};

const stepAfter = (step: Step | undefined, event: Event): Step | undefined => {
  const { Id: id = "", Name: name = "", EventType: type } = event;
  const at = new Date(event.EventTimestamp ?? 0).getTime();
  const same = step?.id === id ? step : undefined;
  if (type === "StepStarted") {
    if (!same) return { id, name, doing: instanceSteps[name]?.doing ?? plain(name), since: at, looks: 0 };
    const { nextLookAt: _passed, ...rest } = same;
    return rest;
  }
  if (!same) return step;
  if (type === "StepSucceeded") return undefined;
  if (type !== "StepFailed") return step;
  const delay = event.StepFailedDetails?.RetryDetails?.NextAttemptDelaySeconds;
  if (delay === undefined) return undefined;
  const trouble = event.StepFailedDetails?.Error?.Payload?.ErrorMessage;
  return {
    ...same,
    looks: event.StepFailedDetails?.RetryDetails?.CurrentAttempt ?? same.looks,
    nextLookAt: at + delay * 1000,
    ...(trouble === undefined ? {} : { trouble: plain(trouble) }),
  };
};
