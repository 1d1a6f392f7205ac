// One switchboard for all of AWS's unpleasant sides: each part of the cloud has its own switch, and they are set here together.
import type { AutoScaling } from "../models/auto-scaling/auto-scaling.ts";
import type { SystemsManager } from "../models/systems-manager/systems-manager.ts";
import { disturbance } from "./events.ts";
import { expectSides, pleasant, type Sides } from "./sides.ts";
import type { Throttling } from "./throttling.ts";

export interface UnpleasantParts {
  throttling: Throttling;
  autoScaling: Pick<AutoScaling, "faults">;
  systemsManager: Pick<SystemsManager, "limits">;
  /** Has events delivered as told; undefined: as they should be. */
  disturbEvents: (deliveries: ReturnType<typeof disturbance> | undefined) => void;
  /** How many deliveries to functions are still to be refused. */
  refusals: { left: number };
}

export class Unpleasant {
  readonly #parts: UnpleasantParts;
  #sides: Sides = { ...pleasant };

  constructor(parts: UnpleasantParts) {
    this.#parts = parts;
  }

  /**
   * Switches the named sides and leaves the others; `null` switches all of them off.
   * @returns what is in force now.
   * @throws Error where there is no such side.
   */
  set(sides: Partial<Sides> | null): Sides {
    if (sides !== null) expectSides(sides);
    const before = this.#sides;
    const now: Sides = sides === null ? { ...pleasant } : { ...before, ...sides };
    const { throttling, autoScaling, systemsManager, disturbEvents, refusals } = this.#parts;
    if (now.throttleFirst !== before.throttleFirst || now.throttleEvery !== before.throttleEvery) {
      throttling.set(now.throttleFirst, now.throttleEvery);
    }
    autoScaling.faults.staleReadsMs = now.staleReadsMs;
    autoScaling.faults.transientNoActiveActionMs = now.noActiveActionMs;
    systemsManager.limits.invocationVisibleAfterMs = now.invocationUnknownMs;
    systemsManager.limits.concurrentCommands = now.commandsAtATime;
    systemsManager.limits.outputCharacters = now.outputCharacters;
    // These two count down by themselves, so they are set only when they were asked for.
    if (sides === null || sides.refusedDeliveries !== undefined) refusals.left = now.refusedDeliveries;
    if (sides === null || sides.unreported !== undefined) {
      systemsManager.limits.unreported = now.unreported === null ? undefined : { ...now.unreported };
    }
    if (now.events !== before.events) {
      disturbEvents(now.events === null ? undefined : disturbance(now.events));
    }
    this.#sides = now;
    return { ...now };
  }
}
