// EC2 Auto Scaling as its users see it: groups, lifecycle states, hooks, replacement, attached load balancers.
import type { Clock, Timer } from "../../clock.ts";
import type { ServiceModel } from "../../ports.ts";
import { sandboxAccount } from "../account.ts";
import { randomIdentifiers } from "../identifiers.ts";
import { Activities } from "./activities.ts";
import { checkHealth, reconcile } from "./capacity.ts";
import { Events } from "./events.ts";
import { findGroup, findInstance, type Group, newGroup } from "./group.ts";
import { InstanceTags } from "./instance-tags.ts";
import { Journal } from "./journal.ts";
import { LifecycleActions } from "./lifecycle-actions.ts";
import { operations } from "./operations.ts";
import type { Parts } from "./parts.ts";
import {
  type AutoScalingOptions,
  defaultTimings,
  type Faults,
  type HookRecord,
  type StateChange,
} from "./types.ts";
import { launchIntoWarmPool, type ReturnState, returnToWarmPool, takeFromWarmPool } from "./warm-pool.ts";

export class AutoScaling implements ServiceModel {
  readonly signingName = "autoscaling";
  readonly operations: ReturnType<typeof operations>;
  /** Switch them at any time; all are off at first unless the options said otherwise. */
  readonly faults: Faults;
  readonly #parts: Parts;
  readonly #clock: Clock;
  #health: Timer | undefined;
  #stopped = false;

  constructor(options: AutoScalingOptions) {
    const {
      clock,
      machines,
      loadBalancers = {},
      account = sandboxAccount,
      ids = randomIdentifiers,
    } = options;
    this.#clock = clock;
    this.faults = { staleReadsMs: 0, transientNoActiveActionMs: 0, ...options.faults };
    this.#parts = {
      clock,
      machines,
      loadBalancers,
      account,
      ids,
      timings: { ...defaultTimings, ...options.timings },
      faults: this.faults,
      report: options.report ?? ((message, error) => console.error(message, error)),
      groups: new Map(options.groups.map((group) => [group.name, newGroup({ ...group }, clock.now())])),
      journal: new Journal(clock),
      activities: new Activities(clock, ids, account),
      actions: new LifecycleActions(clock, ids, this.faults),
      events: new Events(options.publish, account),
      tags: new InstanceTags(),
      reconcileSoon: (group, delayMs) => this.#reconcileSoon(group, delayMs),
    };
    this.operations = operations(this.#parts);
  }

  /** Launches what each group desires, and begins to watch the machines. */
  start(): void {
    this.#stopped = false;
    for (const group of this.#parts.groups.values()) this.#reconcileSoon(group, 0);
    this.#watchHealth();
  }

  /** Ends all launching, replacing and watching; the machines stay as they are. */
  stop(): void {
    this.#stopped = true;
    this.#health?.cancel();
    for (const group of this.#parts.groups.values()) {
      group.reconcile?.timer.cancel();
      delete group.reconcile;
    }
  }

  /** Every lifecycle action so far, in the order in which they began. */
  hooks(): readonly HookRecord[] {
    return this.#parts.actions.records();
  }

  /** Every change of an instance's state so far. */
  history(): readonly StateChange[] {
    return this.#parts.journal.changes();
  }

  /** Calls `listener` on each change of state, until the function that this answers is called. */
  onChange(listener: (change: StateChange) => void): () => void {
    return this.#parts.journal.onChange(listener);
  }

  /** The instances of a group (or of all groups) that are not Terminated, retained ones included. */
  instanceIds(group?: string): string[] {
    const groups =
      group === undefined ? [...this.#parts.groups.values()] : [findGroup(this.#parts.groups, group)];
    return groups.flatMap((one) => [...one.instances.keys()]);
  }

  /** Instances that carry the tag with one of these values, detached ones too: what SSM's Targets and Filters ask. */
  instancesByTag(key: string, values: readonly string[]): string[] {
    return this.#parts.tags.carrying(key, values);
  }

  /** Of an instance, also of one that is detached or terminated. */
  tagsOf(instanceId: string): Readonly<Record<string, string>> {
    return this.#parts.tags.of(instanceId);
  }

  /** Launches one more instance, into the warm pool of a group: launch hook with Destination WarmPool. */
  launchIntoWarmPool(group: string): string {
    return launchIntoWarmPool(this.#parts, findGroup(this.#parts.groups, group)).instanceId;
  }

  /** Scale-in with an instance reuse policy: terminate hook with Destination WarmPool, the machine stays alive. */
  returnToWarmPool(instanceId: string, waitState: ReturnState = "Warmed:Pending:Wait"): void {
    returnToWarmPool(this.#parts, findInstance(this.#parts.groups, instanceId), waitState);
  }

  /** Scale-out from the warm pool: launch hook on an instance that is there already. */
  takeFromWarmPool(instanceId: string): void {
    takeFromWarmPool(this.#parts, findInstance(this.#parts.groups, instanceId));
  }

  #reconcileSoon(group: Group, delayMs = this.#parts.timings.reconcileMs): void {
    if (this.#stopped) return;
    const due = this.#clock.now() + delayMs;
    if (group.reconcile && group.reconcile.due <= due) return;
    group.reconcile?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      delete group.reconcile;
      reconcile(this.#parts, group);
    });
    group.reconcile = { due, timer };
  }

  #watchHealth(): void {
    this.#health?.cancel();
    this.#health = this.#clock.after(this.#parts.timings.healthCheckMs, () => {
      for (const group of this.#parts.groups.values()) checkHealth(this.#parts, group.instances.values());
      this.#watchHealth();
    });
  }
}
