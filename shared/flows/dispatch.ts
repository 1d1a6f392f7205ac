// From an event to the flow that it asks for, and, where it is about an instance, that the instance's own state asks for. The event is a hint: group and state decide, and the
// payload holds nothing of the event, so that every trigger for one host arrives at the same execution.
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { describeMember } from "../aws/auto-scaling.ts";
import type { Config } from "../config/config.ts";
import type { LifecycleEvent } from "../events/lifecycle.ts";
import type { Trigger } from "../events/parse.ts";
import type { SpotWarning } from "../events/spot.ts";
import { type BackupDispatcher, dispatchBackup } from "./dispatch-backup.ts";
import { dispatchPlan, type PlanDispatcher } from "./dispatch-plan.ts";
import { dispatchRepair, type RepairDispatcher } from "./dispatch-repair.ts";
import { dispatchRoll, type RollDispatcher } from "./dispatch-roll.ts";
import { type Dispatched, nameFor, startFlow } from "./start.ts";
import type { HookRequest } from "./world.ts";

export interface Dispatcher extends RollDispatcher, PlanDispatcher, RepairDispatcher, BackupDispatcher {
  autoScaling: AutoScalingClient;
  lambda: LambdaClient;
  config: RollDispatcher["config"] &
    Pick<Config, "workerGroups" | "managerGroups" | "launchHook" | "terminateHook">;
  functions: RollDispatcher["functions"] &
    PlanDispatcher["functions"] &
    RepairDispatcher["functions"] &
    BackupDispatcher["functions"] & { join: string; retire: string };
}

type FlowKind = "join" | "retire";

/** States in which a flow has work, or will have any moment now (the event can be ahead of what describing shows). */
const WORTH: Readonly<Record<FlowKind, readonly string[]>> = {
  join: ["Pending", "Pending:Wait", "Warmed:Pending", "Warmed:Pending:Wait"],
  // InService: an event that is ahead, or a Spot warning, which the host itself must prove.
  retire: [
    "InService",
    "Terminating",
    "Terminating:Wait",
    "Warmed:Terminating",
    "Warmed:Terminating:Wait",
    // A return to a warm pool; the hook itself tells it from a launch into the pool.
    "Warmed:Pending",
    "Warmed:Pending:Wait",
    "Pending:Wait",
  ],
};

/** @throws what AWS answers; the event then comes again, and at last ends in the dead-letter queue. */
export const dispatch = async (dispatcher: Dispatcher, trigger: Trigger): Promise<Dispatched> => {
  switch (trigger.kind) {
    case "push":
    case "image-action":
    case "roll-by-hand":
      return await dispatchRoll(dispatcher, trigger);
    case "plan-by-hand":
      return await dispatchPlan(dispatcher, trigger);
    case "repair-by-hand":
    case "repair-due":
      return await dispatchRepair(dispatcher, trigger);
    case "backup-due":
    case "backup-by-hand":
      return await dispatchBackup(dispatcher, trigger);
    default:
      return await dispatchInstance(dispatcher, trigger);
  }
};

const dispatchInstance = async (
  dispatcher: Dispatcher,
  trigger: LifecycleEvent | SpotWarning,
): Promise<Dispatched> => {
  const { config, log } = dispatcher;
  const kind: FlowKind = trigger.kind === "launch" ? "join" : "retire";
  const hook = kind === "join" ? config.launchHook : config.terminateHook;
  const ignore = (because: string): Dispatched => {
    log.info("event ignored", { instanceId: trigger.instanceId, trigger: trigger.kind, because });
    return { ignored: because };
  };

  if (trigger.kind !== "spot-warning" && trigger.hook !== hook)
    return ignore(`hook ${trigger.hook} is not ours`);
  const member = await describeMember(dispatcher.autoScaling, trigger.instanceId);
  // An event can be ahead of what describing shows, for the whole life of a short-lived instance: the flow looks for a minute.
  const group = member?.group ?? (trigger.kind === "spot-warning" ? undefined : trigger.group);
  if (group === undefined) return ignore("no Auto Scaling group knows the instance");
  if (![...config.workerGroups, ...config.managerGroups].includes(group))
    return ignore(`group ${group} is not ours`);
  const state = member?.lifecycleState;
  if (state !== undefined && !WORTH[kind].includes(state))
    return ignore(`nothing to ${kind}: the instance is ${state}`);

  const request: HookRequest = { group, hook, instanceId: trigger.instanceId };
  const functionName = dispatcher.functions[kind];
  const name = await nameFor(dispatcher.lambda, functionName, `${kind}-${trigger.instanceId}`);
  // A late or doubled event: the machine is gone, and its flow long done.
  if (member === undefined && !name.running && name.closed > 0)
    return ignore("no Auto Scaling group knows the instance any more");
  return await startFlow(dispatcher, functionName, name, request, {
    instanceId: trigger.instanceId,
    trigger: trigger.kind,
  });
};
