// What the parts of the Auto Scaling model share.
import { type Clock, sleep } from "../../clock.ts";
import type { AttachedLoadBalancer, Machines } from "../../ports.ts";
import type { Account } from "../account.ts";
import type { Identifiers } from "../identifiers.ts";
import type { Activities } from "./activities.ts";
import type { Events } from "./events.ts";
import type { Group, ManagedInstance } from "./group.ts";
import type { InstanceTags } from "./instance-tags.ts";
import type { Journal } from "./journal.ts";
import type { LifecycleActions } from "./lifecycle-actions.ts";
import type { Faults, Timings } from "./types.ts";

export interface Parts {
  clock: Clock;
  machines: Machines;
  loadBalancers: Record<string, AttachedLoadBalancer>;
  account: Account;
  ids: Identifiers;
  timings: Timings;
  faults: Faults;
  report: (message: string, error: unknown) => void;
  groups: Map<string, Group>;
  journal: Journal;
  activities: Activities;
  actions: LifecycleActions;
  events: Events;
  tags: InstanceTags;
  /** Has the group look at its capacity again, soon. */
  reconcileSoon: (group: Group, delayMs?: number) => void;
}

/** Registers an instance with the load balancers that its group is attached to. */
export async function registerWithLoadBalancers(parts: Parts, instance: ManagedInstance): Promise<void> {
  for (const name of instance.group.loadBalancerNames) {
    if (instance.leaving) return;
    if (instance.registeredWith.has(name)) continue;
    instance.registeredWith.add(name);
    await persist(parts, `register ${instance.instanceId} with load balancer ${name}`, instance, () =>
      parts.loadBalancers[name]?.register(instance.instanceId),
    );
  }
}

/** Resolves when the instance is deregistered from all (or the named) load balancers and drained. */
export async function deregisterFromLoadBalancers(
  parts: Parts,
  instance: ManagedInstance,
  names: Iterable<string> = [...instance.registeredWith],
): Promise<void> {
  await Promise.all(
    [...names].map(async (name) => {
      if (!instance.registeredWith.delete(name)) return;
      await persist(parts, `deregister ${instance.instanceId} from load balancer ${name}`, undefined, () =>
        parts.loadBalancers[name]?.deregister(instance.instanceId),
      );
    }),
  );
}

/** A few attempts for what must come true; the last error is reported, since a group goes on without. */
const ATTEMPTS = 3;

async function persist(
  parts: Parts,
  what: string,
  unlessLeaving: ManagedInstance | undefined,
  act: () => Promise<void> | undefined,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS && !unlessLeaving?.leaving; attempt++) {
    try {
      return await act();
    } catch (error) {
      parts.report(`Auto Scaling could not ${what} (attempt ${attempt} of ${ATTEMPTS})`, error);
      await sleep(parts.clock, 1000);
    }
  }
}
