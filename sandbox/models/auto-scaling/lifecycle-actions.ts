// Lifecycle actions: what a hook waits for, how it is answered, extended, and runs out of time.
import type { Clock, Timer } from "../../clock.ts";
import { type Identifiers, uuid } from "../identifiers.ts";
import { findGroup, type Group, type ManagedInstance, validationError } from "./group.ts";
import type { ActionResult, Faults, HookConfig, HookRecord } from "./types.ts";

export type Verdict = ActionResult | "SUPERSEDED";

interface ActiveAction {
  record: HookRecord;
  hook: HookConfig;
  instance: ManagedInstance;
  /** Whatever heartbeats say, the wait ends here. */
  globalDeadline: number;
  timer: Timer;
  decide: (verdict: Verdict) => void;
}

/** How a caller names an action: by its token, or by instance, hook and group (facts A6). */
export interface ActionReference {
  AutoScalingGroupName: string | undefined;
  LifecycleHookName: string | undefined;
  LifecycleActionToken?: string | undefined;
  InstanceId?: string | undefined;
}

/** A hook can be kept open for 48 hours, or 100 heartbeats where that is less (facts A2). */
export const globalTimeoutSeconds = (hook: HookConfig): number =>
  Math.min(172_800, 100 * hook.heartbeatTimeoutSeconds);

export class LifecycleActions {
  readonly #clock: Clock;
  readonly #ids: Identifiers;
  readonly #faults: Faults;
  readonly #records: HookRecord[] = [];
  readonly #active = new Map<string, ActiveAction>();

  constructor(clock: Clock, ids: Identifiers, faults: Faults) {
    this.#clock = clock;
    this.#ids = ids;
    this.#faults = faults;
  }

  records(): readonly HookRecord[] {
    return this.#records;
  }

  /** Opens one action for each hook. Resolves once all said CONTINUE, one said ABANDON, or they were superseded. */
  wait(
    instance: ManagedInstance,
    hooks: readonly HookConfig[],
    announce: (hook: HookConfig, token: string) => void,
  ): Promise<Verdict> {
    return new Promise((resolve) => {
      let open = hooks.length;
      const decide = (verdict: Verdict) => {
        open--;
        if (verdict === "CONTINUE" && open > 0) return;
        resolve(verdict);
        this.supersede(instance);
      };
      const tokens = hooks.map((hook) => this.#open(instance, hook, decide));
      hooks.forEach((hook, index) => {
        announce(hook, tokens[index] ?? "");
      });
    });
  }

  /** Ends what is still waited for on an instance, without an answer. */
  supersede(instance: ManagedInstance): void {
    for (const action of [...this.#active.values()]) {
      if (action.instance === instance && this.#active.has(action.record.token)) {
        this.#end(action, undefined, "superseded");
      }
    }
  }

  complete(groups: ReadonlyMap<string, Group>, reference: ActionReference, result: string | undefined): void {
    if (result !== "CONTINUE" && result !== "ABANDON") {
      throw validationError(`Lifecycle action result must be CONTINUE or ABANDON, not '${result}'`);
    }
    const action = this.#find(groups, reference);
    const waitedMs = this.#clock.now() - action.record.startedAt;
    if (waitedMs < this.#faults.transientNoActiveActionMs) throw notActive(reference);
    action.record.completions++;
    this.#end(action, result, "call");
  }

  heartbeat(groups: ReadonlyMap<string, Group>, reference: ActionReference): void {
    const action = this.#find(groups, reference);
    action.record.heartbeats.push(this.#clock.now());
    action.timer.cancel();
    action.timer = this.#expiry(action);
  }

  #open(instance: ManagedInstance, hook: HookConfig, decide: (verdict: Verdict) => void): string {
    const now = this.#clock.now();
    const record: HookRecord = {
      instanceId: instance.instanceId,
      group: instance.group.config.name,
      hook: hook.name,
      transition: hook.transition,
      token: uuid(this.#ids),
      startedAt: now,
      completions: 0,
      heartbeats: [],
    };
    const globalDeadline = now + globalTimeoutSeconds(hook) * 1000;
    const untimed = { record, hook, instance, globalDeadline, decide, timer: { cancel: () => {} } };
    const action: ActiveAction = untimed;
    action.timer = this.#expiry(action);
    this.#records.push(record);
    this.#active.set(record.token, action);
    return record.token;
  }

  #expiry(action: ActiveAction): Timer {
    const left = action.globalDeadline - this.#clock.now();
    const wait = Math.min(left, action.hook.heartbeatTimeoutSeconds * 1000);
    return this.#clock.after(wait, () => this.#end(action, action.hook.defaultResult, "timeout"));
  }

  #end(action: ActiveAction, result: ActionResult | undefined, by: "call" | "timeout" | "superseded"): void {
    action.timer.cancel();
    this.#active.delete(action.record.token);
    action.record.endedAt = this.#clock.now();
    action.record.by = by;
    if (result) action.record.result = result;
    action.decide(result ?? "SUPERSEDED");
  }

  #find(groups: ReadonlyMap<string, Group>, reference: ActionReference): ActiveAction {
    const group = findGroup(groups, reference.AutoScalingGroupName);
    if (!group.hooks.has(reference.LifecycleHookName ?? "")) {
      throw validationError(
        `No Lifecycle Hook found for AutoScalingGroup ${group.config.name} with name ${reference.LifecycleHookName}`,
      );
    }
    if (reference.LifecycleActionToken === undefined && reference.InstanceId === undefined) {
      throw validationError("Either LifecycleActionToken or InstanceId must be specified");
    }
    for (const action of this.#active.values()) {
      if (
        action.instance.group === group &&
        action.hook.name === reference.LifecycleHookName &&
        action.record.token === (reference.LifecycleActionToken ?? action.record.token) &&
        action.record.instanceId === (reference.InstanceId ?? action.record.instanceId)
      ) {
        return action;
      }
    }
    throw notActive(reference);
  }
}

const notActive = ({ LifecycleActionToken, InstanceId }: ActionReference) =>
  validationError(
    LifecycleActionToken === undefined
      ? `No active Lifecycle Action found with instance ID ${InstanceId}`
      : `No active Lifecycle Action found with token ${LifecycleActionToken}`,
  );
