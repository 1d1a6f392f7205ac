// From the events of a durable execution to what a person is told of a roll. A function of data: each event once, in order.
import type { Event, EventError } from "@aws-sdk/client-lambda";
import type { Tone } from "../terminal/progress.ts";
import { plain } from "../terminal/text.ts";
import { bad, type Known, type News, nothingKnown } from "./news.ts";
import { stepEnd } from "./step-result.ts";
import { steps } from "./steps.ts";

export interface Told {
  /** Since the execution began. */
  seconds: number;
  text: string;
  tone: Tone;
}

export type Ending =
  /** What the flow returned: JSON. */
  | { kind: "succeeded"; result: string | undefined }
  | { kind: "failed" | "timed out" | "stopped"; because: string };

export interface Story {
  /** Epoch milliseconds; 0: not yet. */
  startedAt: number;
  /** What is waited for, in words. */
  doing: string;
  known: Known;
  ending?: Ending;
}

export const noStory: Story = { startedAt: 0, doing: "", known: nothingKnown };

/** A container may have written much, and a line is for the eye. */
const MOST_CHARACTERS = 400;

export const narrate = (story: Story, event: Event): { story: Story; told: Told[] } => {
  const at = new Date(event.EventTimestamp ?? story.startedAt).getTime();
  const tell = (after: Partial<Story>, news: readonly News[] = []) => {
    const next = { ...story, ...after };
    const seconds = Math.max(0, (at - next.startedAt) / 1000);
    const told = news.map(({ text, tone }) => ({
      seconds,
      text: plain(text).slice(0, MOST_CHARACTERS),
      tone,
    }));
    return { story: next, told };
  };
  const step = steps[event.Name ?? ""];
  switch (event.EventType) {
    case "ExecutionStarted":
      return tell({ startedAt: at });
    case "StepStarted":
      return tell({ doing: doingNow(event.Name ?? "", story.known) });
    case "StepSucceeded": {
      if (!step?.tell) return tell({});
      const end = stepEnd(event.StepSucceededDetails?.Result?.Payload);
      if (end.kind === "open") return tell({});
      if (end.kind === "failed") return tell({}, [bad(`${event.Name}: ${end.because}`)]);
      const [news, known] = step.tell(end.value, story.known);
      return tell({ known }, news);
    }
    case "StepFailed": {
      // Of a wait that goes on this may be the first that is heard.
      const again = event.StepFailedDetails?.RetryDetails?.NextAttemptDelaySeconds !== undefined;
      return tell(again ? { doing: doingNow(event.Name ?? "", story.known) } : {}, failed(event));
    }
    case "InvocationCompleted": {
      const error = event.InvocationCompletedDetails?.Error?.Payload;
      const text = `the function was interrupted, and goes on where it was: ${error?.ErrorMessage ?? error?.ErrorType}`;
      return tell({}, error ? [{ text, tone: "faint" }] : []);
    }
    case "ExecutionSucceeded":
      return tell({
        ending: { kind: "succeeded", result: event.ExecutionSucceededDetails?.Result?.Payload },
      });
    case "ExecutionFailed":
      return tell({ ending: { kind: "failed", because: errorOf(event.ExecutionFailedDetails) } });
    case "ExecutionTimedOut":
      return tell({ ending: { kind: "timed out", because: errorOf(event.ExecutionTimedOutDetails) } });
    case "ExecutionStopped":
      return tell({ ending: { kind: "stopped", because: errorOf(event.ExecutionStoppedDetails) } });
    default:
      return tell({});
  }
};

const doingNow = (name: string, { tasks }: Known): string => {
  const doing = steps[name]?.doing ?? name;
  return name === "watch tasks" && tasks ? `${doing}: ${plain(tasks)}` : doing;
};

/** A wait looks again and again: only what threw is news. */
const failed = ({ Name, StepFailedDetails }: Event): News[] => {
  const error = StepFailedDetails?.Error?.Payload;
  if (error?.ErrorMessage === undefined) return [];
  const again = StepFailedDetails?.RetryDetails?.NextAttemptDelaySeconds;
  const text = `${Name}: ${error.ErrorMessage}`;
  return [again === undefined ? bad(text) : { text: `${text}; again in ${again} s`, tone: "faint" }];
};

const errorOf = (details: { Error?: EventError | undefined } | undefined): string => {
  const { ErrorType, ErrorMessage } = details?.Error?.Payload ?? {};
  return ErrorMessage ?? ErrorType ?? "no error was given";
};
