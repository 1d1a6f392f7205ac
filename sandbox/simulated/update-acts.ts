// What each act of update-service makes of a service's spec, as documents/lib/service-edits.sh does it.
import { isDeepStrictEqual } from "node:util";
import { digestOf } from "./images.ts";
import { activeWorkers, isStopping } from "./service-facts.ts";
import {
  DEFAULT_UPDATE,
  runnableSlots,
  type ServiceSpec,
  type SimulatedService,
  type UpdateConfig,
} from "./swarmkit/service.ts";
import type { SwarmNode } from "./swarmkit/store.ts";

type Labels = Readonly<Record<string, string>>;
type Nodes = ReadonlyMap<string, SwarmNode>;

export interface UpdateParameters {
  rollId: string;
  act: string;
  /** The roll whose marker may be replaced. */
  expects: string;
  image: string;
  seen: string;
  since: string;
  cause: string;
  update: Pick<UpdateConfig, "parallelism" | "delaySeconds" | "monitorSeconds">;
  /** Instances that hold the image. */
  holders: readonly string[];
  /** Of a scaling: how many there are to be, and how many its caller saw. */
  replicas: string;
  was: string;
}

export type Decision =
  | { outcome: "done" | "lost" | "changed" }
  | { outcome: "new-hosts"; hosts: string }
  | { outcome: "refuse"; why: string }
  /** `outcome` is for after the write. */
  | { outcome: "write"; spec: ServiceSpec };

/** All that stands while a roll goes on, written and removed together. */
const MARKER = ["id", "image", "from", "replicas", "slots", "phase", "since", "cause", "resumed"].map(
  (name) => `hive.roll.${name}`,
);
/** The hosts that one answer names. */
const MOST_HOSTS = 200;
/** Without a delay swarm hands out the next slot in the moment in which a task fails, and so fails two. */
const LEAST_DELAY_SECONDS = 0.2;

/** What it comes to. A write that would change nothing is none. */
export const decide = (service: SimulatedService, parameters: UpdateParameters, nodes: Nodes): Decision => {
  const decision = act(service, parameters, nodes);
  return decision.outcome === "write" && isDeepStrictEqual(decision.spec, service.spec)
    ? { outcome: "done" }
    : decision;
};

const act = (service: SimulatedService, parameters: UpdateParameters, nodes: Nodes): Decision => {
  const { spec } = service;
  const { act, rollId, expects, cause, since } = parameters;
  const marker = roll(spec, "id");
  if (act === "begin") {
    if (marker === rollId) return { outcome: "done" };
    const overtaken = marker !== expects || decidedLater(spec, parameters);
    return overtaken ? { outcome: "changed" } : begin(service, parameters, nodes);
  }
  if (act === "scale") return scale(service, parameters);
  if (act === "end" && marker === "" && roll(spec, "last") === rollId) return { outcome: "done" };
  if (marker !== rollId) return { outcome: "lost" };
  switch (act) {
    case "image":
      return setImage(spec, parameters, nodes);
    case "shrink":
      return write(shrunk(service, nodes, spec));
    case "resume":
      return write(labelled(spec, { resumed: String((whole(roll(spec, "resumed")) ?? 0) + 1) }));
    case "back":
      return roll(spec, "from") === ""
        ? refuse("its label hive.roll.from is gone: there is no image to go back to")
        : write(
            labelled(toImage(spec, roll(spec, "from"), parameters), {
              phase: "back",
              cause,
              // What the image before had failed with until now says nothing of the way back.
              ...(since === "" ? {} : { since }),
            }),
          );
    case "end":
      return write(ended(spec, rollId));
    default:
      return refuse("there is no act of that name");
  }
};

/** Never while somebody is at it: a roll has replicas of its own, and any write wakes a paused update. */
const scale = ({ spec, updateStatus }: SimulatedService, { replicas, was }: UpdateParameters): Decision => {
  const wanted = whole(replicas);
  if (spec.mode !== "replicated") return refuse("it has no number of replicas: it is no replicated service");
  if (wanted === undefined) return refuse("no number of replicas is named");
  if (spec.replicas === wanted) return { outcome: "done" };
  const busy = !["none", "completed", "rollback_completed"].includes(updateStatus?.state ?? "none");
  const scaled = was !== "" && spec.replicas !== whole(was);
  return roll(spec, "id") !== "" || busy || scaled
    ? { outcome: "changed" }
    : write({ ...spec, replicas: wanted });
};

const write = (spec: ServiceSpec): Decision => ({ outcome: "write", spec });
const refuse = (why: string): Decision => ({ outcome: "refuse", why });
const roll = ({ labels }: ServiceSpec, name: string): string => labels[`hive.roll.${name}`] ?? "";
const whole = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

/** Something that was pushed later has been decided on since the caller looked. */
const decidedLater = (spec: ServiceSpec, { seen, image }: UpdateParameters): boolean =>
  Date.parse(roll(spec, "seen")) > Date.parse(seen) && digestOf(roll(spec, "image")) !== digestOf(image);

const begin = (service: SimulatedService, parameters: UpdateParameters, nodes: Nodes): Decision => {
  const { spec, updateStatus } = service;
  const { rollId, image, since, seen } = parameters;
  const state = updateStatus?.state ?? "none";
  const proved = state === "none" || state === "completed";
  const from = roll(spec, "from") || (proved ? spec.template.image : majority(service));
  // A marker that is replaced leaves nothing of itself but what it had noted.
  const unmarked = { ...spec, labels: withoutMarker(spec.labels) };
  const begun = labelled(unmarked, {
    id: rollId,
    image,
    from,
    phase: "begun",
    since,
    seen: later(roll(spec, "seen"), seen),
    replicas: "",
    slots: "",
  });
  const marked = shrunk(service, nodes, begun);
  // Any write wakes a paused update, which would go on with the image that it was paused for.
  const wakes = (state === "paused" || state === "rollback_paused") && from !== spec.template.image;
  return write(wakes ? toImage(marked, from, parameters) : marked);
};

const setImage = (spec: ServiceSpec, parameters: UpdateParameters, nodes: Nodes): Decision => {
  const image = roll(spec, "image");
  if (image === "") return refuse("its label hive.roll.image is gone: there is no image to roll to");
  const forward = labelled(toImage(spec, image, parameters), { phase: "forward" });
  const hosts = activeWorkers(nodes).instances.filter((worker) => !parameters.holders.includes(worker));
  return isDeepStrictEqual(forward, spec) || hosts.length === 0
    ? write(forward)
    : { outcome: "new-hosts", hosts: hosts.slice(0, MOST_HOSTS).join(" ") };
};

/** `spec` is what the service's own has become so far: replicas that are placed, and the wish in labels. */
const shrunk = (service: SimulatedService, nodes: Nodes, spec: ServiceSpec): ServiceSpec => {
  if (spec.mode === "global") return spec;
  const slots = Math.min(placedSlots(service, nodes), service.spec.replicas);
  return {
    ...labelled(spec, { replicas: String(wanted(service.spec)), slots: String(slots) }),
    replicas: slots,
  };
};

const ended = (spec: ServiceSpec, rollId: string): ServiceSpec => {
  const [from, image] = [roll(spec, "from"), roll(spec, "image")];
  const forward = roll(spec, "phase") === "forward" && from !== "" && digestOf(from) !== digestOf(image);
  return {
    ...spec,
    replicas: spec.mode === "global" ? spec.replicas : wanted(spec),
    labels: {
      ...withoutMarker(spec.labels),
      "hive.roll.last": rollId,
      ...(forward ? { "hive.previous": from } : {}),
    },
  };
};

/** Replicas are as a roll left them; otherwise a person has scaled meanwhile, and means it. */
const wanted = (spec: ServiceSpec): number =>
  spec.replicas === whole(roll(spec, "slots"))
    ? (whole(roll(spec, "replicas")) ?? spec.replicas)
    : spec.replicas;

/** What most tasks run: of two that are even, the one that the spec has left behind. */
const majority = ({ spec, tasks }: SimulatedService): string => {
  const counts = new Map<string, number>();
  for (const { runnable, status, image } of tasks)
    if (runnable && status.state === "running") counts.set(image, (counts.get(image) ?? 0) + 1);
  const rank = ([image, count]: readonly [string, number]): number =>
    count + (image === spec.template.image ? 0 : 0.5);
  const [most] = [...counts].sort((one, other) => rank(other) - rank(one));
  return most?.[0] ?? spec.template.image;
};

const toImage = (spec: ServiceSpec, image: string, { update }: UpdateParameters): ServiceSpec => ({
  ...spec,
  template: { ...spec.template, image },
  update: {
    ...update,
    delaySeconds: Math.max(update.delaySeconds, LEAST_DELAY_SECONDS),
    monitorSeconds: update.monitorSeconds || DEFAULT_UPDATE.monitorSeconds,
    failureAction: "pause",
    maxFailureRatio: 0,
    order: "stop-first",
  },
});

const labelled = (spec: ServiceSpec, labels: Labels): ServiceSpec => ({
  ...spec,
  labels: {
    ...spec.labels,
    ...Object.fromEntries(Object.entries(labels).map(([name, value]) => [`hive.roll.${name}`, value])),
  },
});

const withoutMarker = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !MARKER.includes(name)));

/**
 * Runnable slots that have a node: a task of theirs is on one, or waits for the place of its predecessor, which stops on a node
 * that stays.
 */
const placedSlots = (service: SimulatedService, nodes: Nodes): number =>
  [...runnableSlots(service)].filter(
    ([slot, tasks]) =>
      tasks.some(({ placed }) => placed) ||
      [...service.tasks].some(
        (task) =>
          task.slot === slot && isStopping(task, nodes) && nodes.get(task.nodeId)?.availability === "active",
      ),
  ).length;

const later = (one: string, other: string): string =>
  (Date.parse(one) || 0) > (Date.parse(other) || 0) ? one : other;
