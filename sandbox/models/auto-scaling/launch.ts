// The way into a group: Pending → Pending:Wait → Pending:Proceed → [attached load balancer] → InService.
import { sleep } from "../../clock.ts";
import type { OpenActivity } from "./activities.ts";
import type { Route } from "./events.ts";
import { type Group, hooksFor, type ManagedInstance } from "./group.ts";
import { type Parts, registerWithLoadBalancers } from "./parts.ts";
import { terminate } from "./terminate.ts";

const ROUTE: Route = { origin: "EC2", destination: "AutoScalingGroup" };

/** Starts a machine and takes it into the group. Answers at once; the launch goes on by itself. */
export function launch(parts: Parts, group: Group, cause: string): ManagedInstance {
  const instance = admit(parts, group, `i-0${parts.ids()}`);
  parts.tags.launched(instance.instanceId, group.tags);
  instance.underway = powerOnAndEnter(parts, instance, cause);
  return instance;
}

/** A new member of the group, without a state yet. */
export function admit(parts: Parts, group: Group, instanceId: string): ManagedInstance {
  const instance: ManagedInstance = {
    instanceId,
    group,
    launchedAt: parts.clock.now(),
    state: undefined,
    healthy: true,
    condemned: false,
    running: false,
    leaving: false,
    inPool: false,
    underway: Promise.resolve(),
    registeredWith: new Set(),
  };
  group.instances.set(instanceId, instance);
  return instance;
}

/** Powers the machine on. False when it could not be, or when the instance has to leave meanwhile. */
export async function powerOn(
  parts: Parts,
  instance: ManagedInstance,
  activity: OpenActivity,
): Promise<boolean> {
  const { instanceId, group } = instance;
  try {
    await parts.machines.start({ instanceId, group: group.config.name, role: group.config.role });
  } catch (error) {
    parts.report(`Auto Scaling could not start ${instanceId} of group ${group.config.name}`, error);
    parts.activities.end(activity, "Failed", `Launching failed: ${String(error)}`);
    parts.events.activityEnded(instance, "Launch", activity, ROUTE);
    instance.leaving = true;
    group.instances.delete(instanceId);
    parts.tags.terminated(instanceId);
    parts.journal.move(instance, "Terminated", "the machine could not be started");
    await parts.machines.terminate(instanceId).catch((failure: unknown) => {
      parts.report(`Auto Scaling could not clear away ${instanceId}, which had failed to start`, failure);
    });
    parts.reconcileSoon(group, parts.timings.relaunchMs);
    return false;
  }
  instance.running = true;
  return !instance.leaving;
}

async function powerOnAndEnter(parts: Parts, instance: ManagedInstance, cause: string): Promise<void> {
  const activity = parts.activities.begin(
    instance.group.config.name,
    `Launching a new EC2 instance: ${instance.instanceId}`,
    cause,
    "PreInService",
  );
  parts.journal.move(instance, "Pending", cause);
  if (!(await powerOn(parts, instance, activity))) return overtaken(parts, instance, activity);
  await enter(parts, instance, activity);
}

/** From `Pending`, with the machine running, to `InService`: through the launch hooks. Also for AttachInstances. */
export async function enter(parts: Parts, instance: ManagedInstance, activity: OpenActivity): Promise<void> {
  const { journal, actions, events, activities } = parts;
  const hooks = hooksFor(instance.group, "autoscaling:EC2_INSTANCE_LAUNCHING");
  if (hooks.length > 0) {
    activities.step(activity, "MidLifecycleAction", 30);
    journal.move(instance, "Pending:Wait", `waiting for ${hooks.map((hook) => hook.name).join(", ")}`);
    const verdict = await actions.wait(instance, hooks, (hook, token) =>
      events.lifecycleAction(instance, hook, token, ROUTE),
    );
    if (instance.leaving) return overtaken(parts, instance, activity);
    if (verdict !== "CONTINUE") {
      activities.end(activity, "Cancelled", "Instance failed to complete user's Lifecycle Action: ABANDON");
      events.activityEnded(instance, "Launch", activity, ROUTE);
      terminate(parts, instance, "the launch hook was ABANDONed");
      return;
    }
    journal.move(instance, "Pending:Proceed", "the launch hooks said CONTINUE");
    await sleep(parts.clock, parts.timings.proceedMs);
  }
  // Only now: a join that waits for the load balancer before it says CONTINUE would wait for ever (facts A10).
  await registerWithLoadBalancers(parts, instance);
  if (instance.leaving) return overtaken(parts, instance, activity);
  journal.move(instance, "InService", "the launch is complete");
  activities.end(activity, "Successful");
  events.activityEnded(instance, "Launch", activity, ROUTE);
  // The group may have been shrunk, or attached to a load balancer, meanwhile.
  await registerWithLoadBalancers(parts, instance);
  parts.reconcileSoon(instance.group);
}

/** Terminate overtook the launch (facts A8): its path has the instance now. */
function overtaken(parts: Parts, instance: ManagedInstance, activity: OpenActivity): void {
  if (activity.EndTime) return;
  parts.activities.end(activity, "Cancelled", "The instance was terminated before it was in service");
  parts.events.activityEnded(instance, "Launch", activity, ROUTE);
}
