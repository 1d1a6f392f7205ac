// The way out: Terminating → [attached load balancer drains] → Terminating:Wait → Terminating:Proceed → Terminated.
import { sleep } from "../../clock.ts";
import type { OpenActivity } from "./activities.ts";
import type { Route } from "./events.ts";
import { hooksFor, type ManagedInstance } from "./group.ts";
import { deregisterFromLoadBalancers, type Parts } from "./parts.ts";

const ROUTE: Route = { origin: "AutoScalingGroup", destination: "EC2" };

/**
 * Takes an instance out of its group. Answers the activity at once; the termination goes on by itself.
 * An instance that is leaving already goes on leaving; one that was retained is terminated for good.
 */
export function terminate(parts: Parts, instance: ManagedInstance, cause: string): OpenActivity {
  const { activities, journal } = parts;
  const description = `Terminating EC2 instance: ${instance.instanceId}`;
  const retained = instance.state === "Terminating:Retained";
  if (instance.leaving && !retained) {
    const running = activities.list().find((one) => one.Description === description && !one.EndTime);
    if (running) return running;
  }
  const activity = activities.begin(instance.group.config.name, description, cause, "InProgress");
  if (retained) {
    void finish(parts, instance, activity, cause);
    return activity;
  }
  instance.leaving = true;
  journal.move(instance, "Terminating", cause);
  parts.actions.supersede(instance);
  parts.reconcileSoon(instance.group);
  void leave(parts, instance, activity);
  return activity;
}

async function leave(parts: Parts, instance: ManagedInstance, activity: OpenActivity): Promise<void> {
  const { activities, journal, actions, events } = parts;
  // The launch path stops at its next step; until then it could still register the instance.
  await instance.underway;
  if (!instance.group.instances.has(instance.instanceId)) {
    activities.end(activity, "Successful");
    return;
  }
  if (instance.registeredWith.size > 0) {
    activities.step(activity, "WaitingForELBConnectionDraining", 30);
    await deregisterFromLoadBalancers(parts, instance);
  }
  const hooks = hooksFor(instance.group, "autoscaling:EC2_INSTANCE_TERMINATING");
  if (hooks.length === 0) return finish(parts, instance, activity, "the group has no terminate hook");
  activities.step(activity, "MidLifecycleAction", 60);
  journal.move(instance, "Terminating:Wait", `waiting for ${hooks.map((hook) => hook.name).join(", ")}`);
  const verdict = await actions.wait(instance, hooks, (hook, token) =>
    events.lifecycleAction(instance, hook, token, ROUTE),
  );
  if (verdict === "ABANDON" && instance.group.config.terminateHookAbandon === "retain") {
    // Still billed, outside desired capacity, until somebody terminates it explicitly (facts A4).
    journal.move(instance, "Terminating:Retained", "the terminate hook was ABANDONed and the group retains");
    activities.end(activity, "Cancelled", "Instance retained: the terminate lifecycle action was ABANDONed");
    events.activityEnded(instance, "Terminate", activity, ROUTE);
    return;
  }
  await finish(parts, instance, activity, `the terminate hooks said ${verdict}`);
}

async function finish(
  parts: Parts,
  instance: ManagedInstance,
  activity: OpenActivity,
  cause: string,
): Promise<void> {
  const { clock, machines, timings, journal, activities, events } = parts;
  journal.move(instance, "Terminating:Proceed", cause);
  await sleep(clock, timings.proceedMs);
  for (;;) {
    try {
      await machines.terminate(instance.instanceId);
      break;
    } catch (error) {
      // As in EC2, an instance on its way out is never given up: it would be billed for ever.
      parts.report(`Auto Scaling could not terminate ${instance.instanceId}; it tries again`, error);
      await sleep(clock, timings.relaunchMs);
    }
  }
  instance.running = false;
  instance.group.instances.delete(instance.instanceId);
  parts.tags.terminated(instance.instanceId);
  journal.move(instance, "Terminated", "the machine is terminated");
  activities.end(activity, "Successful");
  events.activityEnded(instance, "Terminate", activity, ROUTE);
  parts.reconcileSoon(instance.group);
}
