// The lifecycle states in which an instance waits for its retirement.
import { describeMember } from "../aws/auto-scaling.ts";
import { StepFailure } from "./failure.ts";
import { whateverItsState } from "./hold.ts";
import { type Hold, watch } from "./watch.ts";

const RETIRING = ["Terminating:Wait", "Warmed:Terminating:Wait"];

/** On its way back to a warm pool, alive; a launch into the pool waits in the same state. */
export const RETURNING = "Warmed:Pending:Wait";

/** In a warm pool, or on the last step of its way there. */
export const inWarmPool = (state: string): boolean => /^Warmed:(?!Terminating)/.test(state);

/** Abandoned by its group, and kept. */
export const RETAINED = "Terminating:Retained";

export const isRetiring = (state: string | undefined): boolean =>
  state !== undefined && RETIRING.includes(state);

/** Auto Scaling notices within minutes that a Spot instance has died, and only then begins its terminate hook. */
const HOOK_SECONDS = 900;

/** @returns false when the hook never began: then there is nothing to complete. */
export const awaitTerminateHook = async (hold: Hold): Promise<boolean> => {
  try {
    return await watch<{ states: string }, boolean>(whateverItsState(hold), "hook begins", {
      memory: { states: "" },
      deadline: hold.lease.lookedAt + HOOK_SECONDS * 1000,
      look: async () => {
        const member = await describeMember(hold.world.autoScaling, hold.lease.action.instanceId);
        if (isRetiring(member?.lifecycleState)) return { done: true };
        if (member === undefined) return { done: false };
        return {
          memory: { states: member.lifecycleState },
          because: `the instance is ${member.lifecycleState}`,
        };
      },
    });
  } catch (error) {
    if (error instanceof StepFailure) return false;
    throw error;
  }
};
