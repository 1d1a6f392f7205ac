// In and out of the Classic ELB, each proved by the description of the instance's health and not by its state alone.
import { deregister, describeMembership, register } from "../aws/load-balancing.ts";
import { type Hold, watch } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/** Registers the instance (unless the group has done so) and, to have it proved, waits until it is InService. */
export const intoLoadBalancer = async (
  hold: Hold,
  loadBalancer: string,
  options: { registered: boolean; proved: boolean; deadline?: EpochMillis },
): Promise<void> => {
  const { instanceId } = hold.lease.action;
  await watch<{ registered: boolean }, true>(hold, "load balancer in", {
    memory: { registered: options.registered },
    ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
    look: async ({ registered }) => {
      if (!registered) {
        await register(hold.world.loadBalancing, loadBalancer, instanceId);
        if (!options.proved) return { done: true };
        return { memory: { registered: true }, because: "just registered", soon: true };
      }
      const membership = await describeMembership(hold.world.loadBalancing, loadBalancer, instanceId);
      if (membership.standing === "in-service") return { done: true };
      const because = membership.standing === "out-of-service" ? membership.description : membership.standing;
      return { memory: { registered }, because: `load balancer ${loadBalancer}: ${because}` };
    },
  });
};

/**
 * Takes the instance out and waits until its connections are drained. Where the group owns the load balancer it has done this
 * before the hook began; the wait then only proves it.
 */
export const outOfLoadBalancer = async (
  hold: Hold,
  loadBalancer: string,
  options: { attached: boolean; deadline?: EpochMillis },
): Promise<void> => {
  const { instanceId } = hold.lease.action;
  await watch<{ asked: boolean }, true>(hold, "load balancer out", {
    memory: { asked: options.attached },
    ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
    look: async ({ asked }) => {
      if (!asked) {
        await deregister(hold.world.loadBalancing, loadBalancer, instanceId);
        return { memory: { asked: true }, because: "deregistration was just asked for", soon: true };
      }
      const { standing } = await describeMembership(hold.world.loadBalancing, loadBalancer, instanceId);
      if (standing === "not-registered" || standing === "terminated") return { done: true };
      // Still a member although nobody is taking it out: the group was detached from the load balancer, or a race.
      const again = standing !== "draining";
      return { memory: { asked: !again }, because: `load balancer ${loadBalancer}: ${standing}` };
    },
  });
};
