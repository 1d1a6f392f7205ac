// Instances whose flow never began: it is started, under the name at which every other trigger for the instance arrives as well.
import { errorCode, errorText, isTransient } from "../../aws/errors.ts";
import type { Action, ActionKind } from "../../fleet/actions.ts";
import { type AppliedView, applied } from "../../fleet/applied.ts";
import { type FlowName, nameFor, startFlow } from "../start.ts";
import type { FlowRequest, HookRequest, RepairWorld } from "../world.ts";
import { type Applier, attempt, each, portions, type RepairErrand } from "./errand.ts";

/** Each is two or three calls, one after the other, and one invocation has to have time for all of a step. */
const MOST_AT_ONCE = 20;

/** Flows of an instance in service that ended and did not put it right: by itself a repair starts no more. A hook ends by itself. */
const MOST_TRIES = 12;

interface Start {
  action: Action;
  functionName: string;
  name: FlowName;
  request: FlowRequest;
}

/** The name is fixed in a step of its own: started twice under one name, a flow begins once. */
export const startFlows: Applier = async (errand, actions) => {
  const views = await each(portions(actions, MOST_AT_ONCE), (some) =>
    attempt(some, () => startSome(errand, some)),
  );
  return views.flat();
};

const startSome = async (errand: RepairErrand, actions: readonly Action[]): Promise<AppliedView[]> => {
  const { flow, world } = errand;
  const named = await flow.step("name flows", () => each(actions, (action) => nameOne(errand, action)));
  const starts = named.flatMap((one) => ("start" in one ? [one.start] : []));
  const others = named.flatMap((one) => ("start" in one ? [] : [one.view]));
  if (starts.length === 0) return others;
  const started = await flow.step("start flows", () => each(starts, (start) => startOne(world, start)));
  return [...started, ...others];
};

const nameOne = async (
  { world, snapshot, byPerson }: RepairErrand,
  action: Action,
): Promise<{ start: Start } | { view: AppliedView }> => {
  const { instanceId } = action;
  const member = snapshot.members.known
    ? snapshot.members.value.find((one) => one.instanceId === instanceId)
    : undefined;
  if (instanceId === undefined || member === undefined)
    return { view: applied(action, "failed", "the look found no group that knows the instance") };
  const kind = action.kind === "start-retire" ? "retire" : "join";
  const request = requestFor(world, action.kind, { group: member.group, instanceId });
  const functionName = world.functions[kind];
  try {
    const name = await nameFor(world.lambda, functionName, `${kind}-${instanceId}`);
    if (name.running) return { view: underWay(action, functionName, name.name) };
    if (name.closed >= MOST_TRIES && !byPerson && "inService" in request)
      return {
        view: applied(action, "failed", `${name.closed} flows of it have ended, and it is still so: ${LOOK}`),
      };
    return { start: { action, functionName, name, request } };
  } catch (error) {
    if (isTransient(error)) throw error;
    return { view: applied(action, "failed", `looking for a flow of ${instanceId}: ${errorText(error)}`) };
  }
};

/** As dispatch has it: of two triggers with one payload the second arrives at the first one's flow. Without a hook it is a repair's alone. */
const requestFor = (
  { config }: RepairWorld,
  kind: ActionKind,
  { group, instanceId }: Pick<HookRequest, "group" | "instanceId">,
): FlowRequest => {
  if (kind === "start-join") return { group, hook: config.launchHook, instanceId };
  if (kind === "start-retire") return { group, hook: config.terminateHook, instanceId };
  return { group, instanceId, inService: true };
};

const LOOK =
  "look what they ended with, then list it for a repair yourself (hive-swarm repair), or have the machine replaced";

const underWay = (action: Action, functionName: string, flow: string): AppliedView =>
  applied(action, "started", "a flow has begun at it meanwhile", { flow, function: functionName });

const startOne = async (
  world: RepairWorld,
  { action, functionName, name, request }: Start,
): Promise<AppliedView> => {
  try {
    const fields = { instanceId: request.instanceId, trigger: action.kind };
    await startFlow(world, functionName, name, request, fields);
    return applied(action, "started", "its flow was started", { flow: name.name, function: functionName });
  } catch (error) {
    if (isTransient(error)) throw error;
    // Under this name, and for something else: what is wrong now is that flow's, or the next repair's.
    if (errorCode(error) === "DurableExecutionAlreadyStartedException")
      return underWay(action, functionName, name.name);
    return applied(action, "failed", `Invoke of ${functionName} (${name.name}): ${errorText(error)}`);
  }
};
