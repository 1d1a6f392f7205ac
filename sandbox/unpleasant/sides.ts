// The unpleasant sides of AWS that the sandbox can show on demand, and what each of them is when nobody asked for it.
import { STANDARD_OUTPUT_CHARACTERS } from "../models/systems-manager/invocation.ts";
import { defaultLimits } from "../models/systems-manager/types.ts";
import type { EventFault } from "./events.ts";

export interface Sides {
  /** So many first calls of each operation by each caller are throttled. */
  throttleFirst: number;
  /** Of the calls after those, every so-manieth is throttled; 0: none. */
  throttleEvery: number;
  /** For so long after SendCommand, GetCommandInvocation answers InvocationDoesNotExist (facts S2). */
  invocationUnknownMs: number;
  /** For so long after a wait began, CompleteLifecycleAction finds no active Lifecycle Action (facts A5). */
  noActiveActionMs: number;
  /** Describe calls of Auto Scaling show the lifecycle states of so long ago. */
  staleReadsMs: number;
  /** So many commands of a document run to their end and stay InProgress for ever: nobody reports them (facts S3). */
  unreported: { document: string; times: number } | null;
  /** Commands that one agent runs at a time (facts S6). */
  commandsAtATime: number;
  /** Characters of standard output that are kept (facts S5). */
  outputCharacters: number;
  /** Events that are lost, late, doubled or reordered on their way to the functions (facts A1). */
  events: EventFault | null;
  /** So many deliveries are refused by the function's resource policy: they go to the rule's dead-letter queue (docs/facts.md). */
  refusedDeliveries: number;
}

export const pleasant: Readonly<Sides> = {
  throttleFirst: 0,
  throttleEvery: 0,
  invocationUnknownMs: defaultLimits.invocationVisibleAfterMs,
  noActiveActionMs: 0,
  staleReadsMs: 0,
  unreported: null,
  commandsAtATime: defaultLimits.concurrentCommands,
  outputCharacters: STANDARD_OUTPUT_CHARACTERS,
  events: null,
  refusedDeliveries: 0,
};

/** @throws Error naming a side that does not exist, and those that do: a misspelt one would change nothing. */
export const expectSides = (sides: Partial<Sides>): void => {
  const unknown = Object.keys(sides).filter((name) => !Object.hasOwn(pleasant, name));
  if (unknown.length === 0) return;
  throw new Error(
    `AWS has no unpleasant side called ${unknown.join(", ")} here; there are ${Object.keys(pleasant).join(", ")}`,
  );
};
