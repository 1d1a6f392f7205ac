// Services that a roll was cut off from, and services whose push was never heard of. Whether an image should run is decided where every
// roll decides it (shared/rolls/decide.ts); here only what nobody is at is found.
import { type Decision, decide } from "../rolls/decide.ts";
import { parseImage, shortImage } from "../rolls/image.ts";
import { type Marker, markerOf, seenUntil } from "../rolls/marker.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import { action, lookAt } from "./action.ts";
import type { Action } from "./actions.ts";
import type { Picture } from "./picture.ts";
import type { NewestImage } from "./snapshot.ts";

/** A push that is younger has an event under way, and a marker that is younger a flow that began after the flows were read. */
const YOUNG_MILLIS = 300_000;

export const planRolls = (picture: Picture): Action[] => {
  const { swarm, newest } = picture.snapshot;
  if (!swarm.known || !picture.rolls) return [];
  const images = newest.known ? newest.value : [];
  return swarm.value.services.flatMap((service) => ofService(picture, service, newestFor(service, images)));
};

/** Of several for one repository, which should not be, the one that was pushed last. */
const newestFor = ({ image }: ServiceFacts, images: readonly NewestImage[]): NewestImage | undefined => {
  const { repository } = parseImage(image);
  return images
    .filter((each) => parseImage(each.image).repository === repository)
    .sort((one, other) => (`${one.pushedAt} ${one.image}` < `${other.pushedAt} ${other.image}` ? 1 : -1))[0];
};

const ofService = (picture: Picture, service: ServiceFacts, newest: NewestImage | undefined): Action[] => {
  const takenAt = Date.parse(picture.snapshot.takenAt);
  const young = (time: string | undefined): boolean => takenAt - Date.parse(time ?? "") < YOUNG_MILLIS;
  const marker = markerOf(service);
  const old = newest && !young(newest.pushedAt) ? newest : undefined;
  if ((picture.rolls ?? []).some((roll) => mayBeAbout(roll, service, marker))) return [];
  if (marker) return young(service.labels["hive.roll.since"]) ? [] : interrupted(service, marker, old);
  if (["paused", "rollback_paused"].includes(service.update.state)) return [stuck(service)];
  return old ? behind(service, old, "") : [];
};

/** A roll by hand does not tell by its name what it is about, and one of a push only its repository. */
export const mayBeAbout = (roll: string, { image }: ServiceFacts, marker: Marker | undefined): boolean => {
  if (roll === marker?.id || roll.startsWith("roll-by-hand-")) return true;
  const { repository } = parseImage(image);
  const readable = repository.slice(repository.indexOf("/") + 1).replace(/[^a-z0-9]+/g, "-");
  return roll.startsWith(`roll-${readable.slice(0, 20)}`);
};

const wouldBecome = (service: ServiceFacts, { image, pushedAt, newer }: NewestImage): Decision =>
  decide(service, { image, pushedAt, seen: pushedAt, instead: "", newer }, false);

/** The marker stands, and its execution is gone. */
const interrupted = (service: ServiceFacts, marker: Marker, newest: NewestImage | undefined): Action[] => {
  const since = service.labels["hive.roll.since"] || "a time that it does not tell";
  const wants = service.labels["hive.roll.replicas"];
  const standing = `roll ${marker.id} of ${shortImage(marker.image)} stands in phase ${marker.phase || "unknown"} since ${since}, and its execution is gone`;
  const shrunk = wants ? ` (${service.replicas ?? "no"} replicas now, ${wants} are to be restored)` : "";
  const decision = newest && wouldBecome(service, newest);
  if (newest && decision?.kind === "roll" && !decision.adopts)
    return behind(service, newest, `${standing}${shrunk}; `);
  const impossible = whyNot(service, marker);
  if (impossible) return [lookAt({ service: service.name }, "D1", `${standing}${shrunk}; ${impossible}`)];
  const follows =
    marker.phase === "back" ? `it is finished: back to ${shortImage(marker.from)}` : "it is finished";
  return [action("finish-roll", { service: service.name }, `${standing}${shrunk}; ${follows}`)];
};

/** What no roll would take up. */
const whyNot = ({ mode, managersOnly, labels }: ServiceFacts, { image }: Marker): string => {
  if (labels["hive.roll"] === "false")
    return "label hive.roll=false forbids to finish it: remove that label, or the marker's labels";
  if (mode === "job" || managersOnly)
    return "services of this kind are not rolled: remove the marker's labels";
  if (parseImage(image).digest === undefined)
    return "its label hive.roll.image names no digest, so somebody changed it: roll the service by hand";
  return "";
};

/** @param standing what is taken over with it. */
const behind = (service: ServiceFacts, newest: NewestImage, standing: string): Action[] => {
  if (wouldBecome(service, newest).kind !== "roll") return [];
  const seen = seenUntil(service)?.toISOString();
  const reason = `${standing}it runs ${shortImage(service.image)}, and ${shortImage(newest.image)} was pushed at ${newest.pushedAt}: no roll is at it, so the push's event was lost`;
  // A service that was never rolled here may have been set to what it runs on purpose, by other means.
  return seen === undefined
    ? [
        action(
          "roll-newest",
          { service: service.name },
          `${reason}, or it was never rolled by this operator; it would be rolled`,
          { forPerson: true },
        ),
      ]
    : [
        action(
          "roll-newest",
          { service: service.name },
          `${reason} (pushes up to ${seen} were decided on); it is rolled`,
        ),
      ];
};

const stuck = (service: ServiceFacts): Action =>
  lookAt(
    { service: service.name },
    "D3",
    `an update that is no roll of ours stands ${service.update.state}${service.update.startedAt && ` since ${service.update.startedAt}`}: ${service.update.message}. It stays so until the next update; roll it to a version that runs (hive-swarm roll)`,
  );
