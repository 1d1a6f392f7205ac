// How many replicas a service of the stack is to have for the room that there is: some more than have room, so that whichever worker
// comes has a task at once; or as many as have room; or what a person set.
import { markerOf } from "../rolls/marker.ts";
import type { ServiceFacts } from "../swarm/services.ts";
import { action, lookAt } from "./action.ts";
import type { Action, ActionKind } from "./actions.ts";
import type { Picture } from "./picture.ts";
import type { PlanConfig } from "./plan.ts";
import { mayBeAbout } from "./rolls.ts";
import { placedOf, roomFor } from "./room.ts";
import { stackOf } from "./stack.ts";

type Policy = Pick<PlanConfig, "replicas" | "replicasAhead">;

/** @param planned what else is to be done: a service that is about to be rolled is left to that. */
export const planReplicas = (picture: Picture, config: Policy, planned: readonly Action[]): Action[] => {
  const known = stackOf(picture);
  if (!known || !picture.rolls || !picture.formed) return [];
  const { wanted, swarm } = known;
  return swarm.services.flatMap((service) => {
    const own = wanted.find(({ name }) => name === service.name);
    if (!own || service.mode !== "replicated" || service.reservedCpus <= 0) return [];
    const policy = policyOf(service, config);
    if (policy === undefined) return [misspelt(service)];
    if (policy === "off" || inOthersHands(picture, service, planned)) return [];
    // Somebody stopped it.
    if (service.replicas === null || service.replicas === 0) return [];
    const room = roomFor(picture, service, own, wanted, swarm.services);
    return policy === "ahead"
      ? ahead(service, service.replicas, room, config.replicasAhead)
      : follow(picture, service, service.replicas, room, planned);
  });
};

const policyOf = ({ labels }: ServiceFacts, { replicas }: Policy): Policy["replicas"] | undefined => {
  const label = labels["hive.replicas"];
  if (label === undefined) return replicas;
  return label === "ahead" || label === "follow" || label === "off" ? label : undefined;
};

const misspelt = ({ name, labels }: ServiceFacts): Action =>
  lookAt(
    { service: name },
    "D24",
    `its label hive.replicas is ${JSON.stringify(labels["hive.replicas"])}, and ahead, follow and off are what it may be: its replicas are left as they are`,
  );

/** A roll has its own mind about replicas and restores them; any write wakes an update that stands, and disturbs one that runs (D21). */
const inOthersHands = (
  { rolls = [] }: Picture,
  service: ServiceFacts,
  planned: readonly Action[],
): boolean => {
  const marker = markerOf(service);
  return (
    marker !== undefined ||
    rolls.some((roll) => mayBeAbout(roll, service, marker)) ||
    !["none", "completed", "rollback_completed"].includes(service.update.state) ||
    planned.some(
      ({ kind, service: name }) =>
        name === service.name && ["roll-newest", "finish-roll", "look-at"].includes(kind),
    )
  );
};

/** Never lowered: what is too many waits and costs nothing, and a worker that comes back has a task at once. So nothing swings. */
const ahead = ({ name, reservedCpus }: ServiceFacts, now: number, room: number, more: number): Action[] => {
  if (now >= room + more) return [];
  const reason = `${now} replicas, and there is room for ${room} of ${reservedCpus} CPUs each: a worker that comes would get no task; ${room + more} it is to have, ${more} ahead`;
  return [action("set-replicas", { service: name, replicas: room + more }, reason)];
};

/** What changes the room again in a moment. */
const CHANGING: readonly ActionKind[] = ["start-join", "start-retire", "join-instance", "activate-node"];

/** Only while nothing is about to change the room, or the number would go up and down with each machine. */
const follow = (
  { members, nodes = [], busy, formed }: Picture,
  service: ServiceFacts,
  now: number,
  calculated: number,
  planned: readonly Action[],
): Action[] => {
  const { name, reservedCpus } = service;
  // What is placed has room, whatever others reserve: nothing that runs is ever stopped for a number.
  const room = Math.max(calculated, Math.min(placedOf(service), now));
  const to = Math.max(1, room);
  const settled =
    members !== undefined &&
    formed &&
    busy?.size === 0 &&
    [...members.values()].every(({ lifecycleState }) => !lifecycleState.endsWith(":Wait")) &&
    nodes.every(({ state }) => state === "ready" || state === "down") &&
    planned.every(({ kind, risk }) => risk !== "safe" || !CHANGING.includes(kind));
  if (to === now || !settled) return [];
  const reason = `${now} replicas, and there is room for ${room} of ${reservedCpus} CPUs each; ${to} it is to have, as many as have room and one at least`;
  return [action("set-replicas", { service: name, replicas: to }, reason)];
};
