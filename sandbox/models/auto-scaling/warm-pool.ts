// The least of a warm pool that a flow has to know: an instance warmed on launch, and one returned on scale-in (A9, A13).
import { sleep } from "../../clock.ts";
import type { Route } from "./events.ts";
import { type Group, hooksFor, type ManagedInstance, validationError } from "./group.ts";
import { admit, enter, powerOn } from "./launch.ts";
import { deregisterFromLoadBalancers, type Parts } from "./parts.ts";
import { terminate } from "./terminate.ts";
import type { Transition } from "./types.ts";

/** Which state an instance on its way back to the pool waits in. */
export type ReturnState = "Warmed:Pending:Wait" | "Terminating:Wait";

/** Launches an instance into the pool: prepared by the launch hook, but not to be taken into service. */
export function launchIntoWarmPool(parts: Parts, group: Group): ManagedInstance {
  const instance = admit(parts, group, `i-0${parts.ids()}`);
  parts.tags.launched(instance.instanceId, group.tags);
  instance.inPool = true;
  const cause = "an instance was started for the warm pool";
  const activity = parts.activities.begin(
    group.config.name,
    `Launching a new EC2 instance into warm pool: ${instance.instanceId}`,
    cause,
    "PreInService",
  );
  parts.journal.move(instance, "Warmed:Pending", cause);
  instance.underway = (async () => {
    if (!(await powerOn(parts, instance, activity))) return;
    const route: Route = { origin: "EC2", destination: "WarmPool" };
    const verdict = await rest(
      parts,
      instance,
      "autoscaling:EC2_INSTANCE_LAUNCHING",
      "Warmed:Pending:Wait",
      route,
    );
    if (instance.leaving) return parts.activities.end(activity, "Cancelled");
    parts.activities.end(activity, verdict === "CONTINUE" ? "Successful" : "Cancelled");
    if (verdict !== "CONTINUE") terminate(parts, instance, "the launch hook was ABANDONed");
  })();
  return instance;
}

/** Takes an instance out of service, back into the pool. It stays alive; the desired capacity shrinks by one. */
export function returnToWarmPool(parts: Parts, instance: ManagedInstance, waitState: ReturnState): void {
  const { group, instanceId } = instance;
  if (instance.leaving || instance.state !== "InService") {
    throw validationError(`The instance ${instanceId} is not in InService.`);
  }
  if (group.desired > group.min) group.desired--;
  instance.inPool = true;
  const cause = "an instance was returned to the warm pool in response to a scale-in";
  parts.journal.move(instance, "Warmed:Pending", cause);
  parts.reconcileSoon(group);
  instance.underway = (async () => {
    await deregisterFromLoadBalancers(parts, instance);
    if (instance.leaving) return;
    const route: Route = { origin: "AutoScalingGroup", destination: "WarmPool" };
    const verdict = await rest(parts, instance, "autoscaling:EC2_INSTANCE_TERMINATING", waitState, route);
    if (verdict === "ABANDON" && !instance.leaving) {
      terminate(parts, instance, "the terminate hook was ABANDONed");
    }
  })();
}

/** Scale-out takes a warm instance: through the launch hooks into service. The desired capacity grows by one. */
export function takeFromWarmPool(parts: Parts, instance: ManagedInstance): void {
  const { group, instanceId } = instance;
  if (instance.leaving || instance.state !== "Warmed:Running")
    throw validationError(`The instance ${instanceId} is not in Warmed:Running.`);
  const cause = "an instance was taken from the warm pool in response to a scale-out";
  const description = `Launching a new EC2 instance from warm pool: ${instanceId}`;
  const activity = parts.activities.begin(group.config.name, description, cause, "PreInService");
  group.desired++;
  instance.inPool = false;
  parts.journal.move(instance, "Pending", cause);
  instance.underway = enter(parts, instance, activity);
}

/** Through the hooks of a transition to `Warmed:Running`. */
async function rest(
  parts: Parts,
  instance: ManagedInstance,
  transition: Transition,
  waitState: ReturnState,
  route: Route,
) {
  const hooks = hooksFor(instance.group, transition);
  if (hooks.length > 0) {
    parts.journal.move(instance, waitState, `waiting for ${hooks.map((hook) => hook.name).join(", ")}`);
    const verdict = await parts.actions.wait(instance, hooks, (hook, token) =>
      parts.events.lifecycleAction(instance, hook, token, route),
    );
    if (verdict !== "CONTINUE" || instance.leaving) return verdict;
    parts.journal.move(instance, "Warmed:Pending:Proceed", "the hooks said CONTINUE");
    await sleep(parts.clock, parts.timings.proceedMs);
    if (instance.leaving) return "SUPERSEDED";
  }
  parts.journal.move(instance, "Warmed:Running", "in the warm pool");
  return "CONTINUE";
}
