// What becomes of one service when an image was pushed, or a person asks: roll, or not, and why not. Events are hints that come
// late, doubled and reordered; service and registry decide.
import type { ServiceFacts } from "../swarm/services.ts";
import { parseImage, sameImage, shortImage } from "./image.ts";
import { markerOf, seenUntil } from "./marker.ts";

export interface Target {
  /** `registry/repository[:version]@digest`. */
  image: string;
  /** ISO 8601, as are all times that are stored between steps. */
  pushedAt: string;
  /** Pushes up to this moment are decided on with this roll: for a push its own, for a person's word all that there are. */
  seen: string;
  /** What the tag policy would rather have, for people; empty: this one. */
  instead: string;
  /** Digests of the repository that were pushed later than this one. */
  newer: readonly string[];
}

export type Decision =
  /**
   * `expects`: the roll whose marker is replaced; empty: none. `adopts`: that one rolled the same image and was interrupted; `back`: while
   * it was going back, so it is finished that way.
   */
  | { kind: "roll"; expects: string; adopts: boolean; back: boolean }
  | { kind: "skipped" | "superseded" | "refused"; because: string };

/** A decision of data. @param byPerson a person's word overrules the order of pushes, not what is impossible. */
export const decide = (service: ServiceFacts, target: Target, byPerson: boolean): Decision => {
  const marker = markerOf(service);
  const rollsToTarget = marker !== undefined && sameImage(marker.image, target.image);
  // Its own execution is gone, or this one would not be there: whoever comes next finishes it, whatever else is said of the service.
  if (marker && rollsToTarget)
    return { kind: "roll", expects: marker.id, adopts: true, back: marker.phase === "back" };
  const impossible = whyImpossible(service);
  if (impossible) return impossible;
  if (!byPerson) {
    const seen = seenUntil(service);
    const late = seen !== undefined && new Date(target.pushedAt) <= seen;
    if (late && marker)
      return {
        kind: "superseded",
        because: `${shortImage(marker.image)}, pushed later, is being rolled (${marker.id})`,
      };
    if (runsEverywhere(service, target.image))
      return { kind: "skipped", because: "its tasks run it already" };
    const running = parseImage(service.image).digest;
    if (!marker && running !== undefined && target.newer.includes(running))
      return {
        kind: "skipped",
        because: `an older image than ${shortImage(service.image)}, which runs: moving a tag back rolls nothing back, a person can`,
      };
    if (late)
      return {
        kind: "skipped",
        because: `pushes up to ${seen.toISOString()} were decided on before: it was rolled back, or something newer was rolled; a person can roll it`,
      };
    if (target.instead) return { kind: "superseded", because: `${target.instead}, pushed later, is to run` };
  } else if (!marker && runsEverywhere(service, target.image))
    return { kind: "skipped", because: "its tasks run it already" };
  return { kind: "roll", expects: marker?.id ?? "", adopts: false, back: false };
};

const whyImpossible = ({ mode, managersOnly, labels }: ServiceFacts): Decision | undefined => {
  if (labels["hive.roll"] === "false")
    return {
      kind: "skipped",
      because: "label hive.roll=false opts it out: remove the label to have it rolled",
    };
  if (mode === "job")
    return { kind: "refused", because: "it is a job: jobs run to their end and are not rolled" };
  if (managersOnly)
    return { kind: "refused", because: "it runs on managers alone, and managers pull no images of ours" };
  return undefined;
};

/** Its spec names the image, no update is on its way or stuck, and no task that runs is another's. */
const runsEverywhere = ({ image, update, tasks }: ServiceFacts, wanted: string): boolean =>
  sameImage(image, wanted) &&
  ["none", "completed"].includes(update.state) &&
  tasks.every((task) => task.state !== "running" || sameImage(task.image, wanted));
