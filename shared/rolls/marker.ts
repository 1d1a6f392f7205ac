// The marker of a roll: labels on the service that say what is under way, written before the step that needs them. Whoever finds
// it standing after a crash knows how to finish (docs/decisions.md).
import type { ServiceFacts } from "../swarm/services.ts";

export interface Marker {
  /** Name of the roll. */
  id: string;
  /** The image that it rolls to, and the one to go back to. */
  image: string;
  from: string;
  /** `begun`: N is noted and the service shrunk; `forward`: the image is set; `back`: the one before is set again. */
  phase: string;
  /** Why it goes back. */
  cause: string;
}

type Labelled = Pick<ServiceFacts, "labels">;

/** @returns undefined when no roll is under way. */
export const markerOf = ({ labels }: Labelled): Marker | undefined => {
  const id = labels["hive.roll.id"];
  if (!id) return undefined;
  return {
    id,
    image: labels["hive.roll.image"] ?? "",
    from: labels["hive.roll.from"] ?? "",
    phase: labels["hive.roll.phase"] ?? "",
    cause: labels["hive.roll.cause"] ?? "",
  };
};

/** Pushes up to this moment have been decided on: rolled, rolled back, or passed over by a person. */
export const seenUntil = ({ labels }: Labelled): Date | undefined => {
  const seen = Date.parse(labels["hive.roll.seen"] ?? "");
  return Number.isNaN(seen) ? undefined : new Date(seen);
};

/** Every image that a host may be asked to run soon: what runs, what is rolled to, what can be gone back to. */
export const imagesToKeep = ({ image, labels }: Pick<ServiceFacts, "image" | "labels">): string[] =>
  [image, labels["hive.roll.image"], labels["hive.roll.from"], labels["hive.previous"]].filter(
    (name): name is string => Boolean(name),
  );
