// Services that a roll was cut off from, or whose push nobody heard of: the roll is started as its push would have started it.
import { errorText, isTransient } from "../../aws/errors.ts";
import type { Action } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { parseImage } from "../../rolls/image.ts";
import { markerOf } from "../../rolls/marker.ts";
import { namePrefix } from "../dispatch-roll.ts";
import type { RollRequest } from "../roll-request.ts";
import { type FlowName, nameFor, startFlow } from "../start.ts";
import { type Applier, attempt, each, type RepairErrand } from "./errand.ts";

interface Start {
  action: Action;
  request: RollRequest;
  name: FlowName;
}

export const startRolls: Applier = async (errand, actions) => {
  const views = await each(actions, (action) => attempt([action], () => start(errand, action)));
  return views.flat();
};

/** The name is fixed in a step of its own: started twice under one name, a roll begins once. */
const start = async (errand: RepairErrand, action: Action): Promise<AppliedView[]> => {
  const { flow, world } = errand;
  const request = requestFor(errand, action);
  if (!request) return [applied(action, "failed", "the look does not tell which image is meant: plan again")];
  const name = await flow.step("name roll", () =>
    nameFor(world.lambda, world.functions.roll, namePrefix(request)),
  );
  return [await flow.step("start roll", () => startOne(errand, { action, request, name }))];
};

/** As a push: what is decided on meanwhile counts, which a person's word would overrule. Of this one service alone. */
const requestFor = (
  { world, snapshot }: RepairErrand,
  { kind, service }: Action,
): RollRequest | undefined => {
  const { swarm, newest } = snapshot;
  const facts = swarm.known ? swarm.value.services.find(({ name }) => name === service) : undefined;
  if (!facts) return undefined;
  const { repository } = parseImage(facts.image);
  const image =
    kind === "finish-roll"
      ? markerOf(facts)?.image
      : newest.known
        ? newest.value.find((one) => one.repository === repository)?.image
        : undefined;
  const wanted = image === undefined ? undefined : parseImage(image);
  const ours = `${world.config.registry}/`;
  if (!wanted?.digest || !wanted.repository.startsWith(ours)) return undefined;
  return {
    trigger: "push",
    repository: wanted.repository.slice(ours.length),
    digest: wanted.digest,
    service: facts.name,
  };
};

const startOne = async ({ world }: RepairErrand, { action, request, name }: Start): Promise<AppliedView> => {
  const at = { flow: name.name, function: world.functions.roll };
  if (name.running) return applied(action, "started", "a roll of it is under way", at);
  try {
    await startFlow(world, world.functions.roll, name, request, {
      trigger: action.kind,
      repository: request.repository,
    });
    return applied(action, "started", "its roll was started", at);
  } catch (error) {
    if (isTransient(error)) throw error;
    return applied(action, "failed", `Invoke of ${world.functions.roll} (${name.name}): ${errorText(error)}`);
  }
};
