// One entry of the timeline as a line for people.
import type { TimelineEntry, TimelineKind } from "../cloud/timeline.ts";
import type { Tone } from "./output.ts";

const tones: Record<TimelineKind, Tone> = {
  phase: "strong",
  lifecycle: "strong",
  flow: "plain",
  step: "plain",
  swarm: "faint",
  balancer: "faint",
  fault: "bad",
  trouble: "bad",
};

/** As wide as an instance id, so that what happens to each can be followed down the page. */
const ID_WIDTH = 19;

export const entryLine = ({ kind, instanceId = "", text, seconds }: TimelineEntry): [string, Tone] => {
  const took = seconds === undefined ? "" : `  ${seconds.toFixed(1)} s`;
  return [`${instanceId.padEnd(ID_WIDTH)}  ${text}${took}`, tones[kind]];
};
