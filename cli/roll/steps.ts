// The steps of a roll (shared/flows/roll*.ts) by name: what is said while one is under way, and of its result.

import type { Narrator } from "../follow/narrate.ts";
import type { Step } from "../follow/news.ts";
import { plain } from "../terminal/text.ts";
import { pulled, resolved, surveyed } from "./image-news.ts";
import { type Known, nothingKnown } from "./news.ts";
import { begun, ended, explained, imageSet, resumed, shrunk, watched, wentBack } from "./service-news.ts";

const TELLING = "the outcome is told";

/** A test holds them against the flow's own. */
export const steps: Readonly<Record<string, Step<Known>>> = {
  "roll begins": { doing: "the roll begins" },
  "read pause": { doing: "it is asked whether rolls are paused" },
  "resolve image": { doing: "the registry is asked for the image", tell: resolved },
  "survey services": { doing: "a manager is asked which services run it", tell: surveyed },
  "hosts hold image": { doing: "hosts pull the image", tell: pulled },
  "pause before pulling again": { doing: "hosts pull again in a moment" },
  "begin roll": { doing: "the service is marked once tasks that are about to run do", tell: begun },
  "set image": { doing: "the image is set", tell: imageSet },
  "shrink service": { doing: "replicas without a place are taken away", tell: shrunk },
  "resume update": { doing: "the update is woken", tell: resumed },
  "explain task": { doing: "the host of a failed task is asked why", tell: explained },
  "set image back": { doing: "the image before is set again", tell: wentBack },
  "watch tasks": { doing: "tasks are watched", tell: watched },
  "end roll": { doing: "replicas are restored", tell: ended },
  report: { doing: TELLING },
  "publish outcome": { doing: TELLING },
  "write history": { doing: TELLING },
};

export const rollNarrator: Narrator<Known> = {
  steps,
  nothingKnown,
  doing: (name, { tasks }) =>
    name === "watch tasks" && tasks ? `${steps[name]?.doing}: ${plain(tasks)}` : undefined,
};
