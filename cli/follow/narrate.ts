// From the events of a durable execution to what a person is told of it. A function of data: each event once, in order.
import type { Event, EventError } from "@aws-sdk/client-lambda";
import type { Tone } from "../terminal/progress.ts";
import { plain } from "../terminal/text.ts";
import { bad, type News, type Step } from "./news.ts";
import { parseJson, stepEnd } from "./step-result.ts";

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

export interface Story<Known> {
  /** Epoch milliseconds; 0: not yet. */
  startedAt: number;
  /** What is waited for, in words. */
  doing: string;
  known: Known;
  ending?: Ending;
}

/** What is known of a kind of flow: its steps by name. */
export interface Narrator<Known> {
  steps: Readonly<Record<string, Step<Known>>>;
  /** Before anything has happened. */
  nothingKnown: Known;
  /** More than a step's own words, where something is known of it. */
  doing?(name: string, known: Known): string | undefined;
}

export const beginStory = <Known>({ nothingKnown }: Narrator<Known>): Story<Known> => ({
  startedAt: 0,
  doing: "",
  known: nothingKnown,
});

/** A container may have written much, and a line is for the eye. */
const MOST_CHARACTERS = 400;

export const narrate = <Known>(
  narrator: Narrator<Known>,
  story: Story<Known>,
  event: Event,
): { story: Story<Known>; told: Told[] } => {
  const at = new Date(event.EventTimestamp ?? story.startedAt).getTime();
  const tell = (after: Partial<Story<Known>>, news: readonly News[] = []) => {
    const next = { ...story, ...after };
    const seconds = Math.max(0, (at - next.startedAt) / 1000);
    const told = news.map(({ text, tone }) => ({
      seconds,
      text: plain(text).slice(0, MOST_CHARACTERS),
      tone,
    }));
    return { story: next, told };
  };
  const name = event.Name ?? "";
  const step = narrator.steps[name];
  const doing = narrator.doing?.(name, story.known) ?? step?.doing ?? name;
  switch (event.EventType) {
    case "ExecutionStarted":
      return tell({ startedAt: at });
    case "StepStarted":
      return tell({ doing });
    case "StepSucceeded": {
      const payload = event.StepSucceededDetails?.Result?.Payload;
      if (step?.tellAll) return tell({}, step.tellAll(parseJson(payload)));
      if (!step?.tell) return tell({});
      const end = stepEnd(payload);
      if (end.kind === "open") return tell({});
      if (end.kind === "failed") return tell({}, [bad(`${event.Name}: ${end.because}`)]);
      const [news, known] = step.tell(end.value, story.known);
      return tell({ known }, news);
    }
    case "StepFailed": {
      // Of a wait that goes on this may be the first that is heard.
      const again = event.StepFailedDetails?.RetryDetails?.NextAttemptDelaySeconds !== undefined;
      return tell(again ? { doing } : {}, failed(event));
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
