// What became of each action that was to be applied: plain data, for people and programs.
import type { Action } from "./actions.ts";

/** `done`: it is so now. `started`: a flow is at it. `not applied`: nothing was tried, and why. */
export type AppliedResult = "done" | "started" | "failed" | "not applied";

export interface AppliedView {
  kind: string;
  subject: string;
  nodeId?: string;
  result: AppliedResult;
  /** The flow that is at it, and whose it is. */
  flow?: string;
  function?: string;
  details: string;
}

export const applied = (
  { kind, subject, nodeId }: Pick<Action, "kind" | "subject" | "nodeId">,
  result: AppliedResult,
  details: string,
  at: { flow?: string; function?: string } = {},
): AppliedView => ({ kind, subject, ...(nodeId === undefined ? {} : { nodeId }), result, ...at, details });
