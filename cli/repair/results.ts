// What became of each action that was asked for, the ends of the flows among it that it started.

import type { Ending } from "../follow/narrate.ts";
import { type End, endOfInstance } from "../instance/ends.ts";
import { endOfRoll } from "../roll/ends.ts";
import { table } from "../terminal/table.ts";
import { plain } from "../terminal/text.ts";
import type { Applied } from "./report.ts";

/** `left`: nothing failed, and it is not done. */
export interface Result {
  kind: string;
  subject: string;
  nodeId?: string;
  result: "done" | "failed" | "not applied" | "left";
  flow?: string;
  details: string;
}

const RESULTS = { good: "done", left: "left", bad: "failed" } as const;

/** @param endings of flows, by name */
export const resultOf = (
  view: Applied,
  endings: ReadonlyMap<string, Ending>,
  rollFunction: string,
): Result => {
  const { kind, subject, flow, nodeId } = view;
  const base = {
    kind,
    subject,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(flow === undefined ? {} : { flow }),
  };
  const ending = flow === undefined ? undefined : endings.get(flow);
  if (ending) {
    const end: End = view.function === rollFunction ? endOfRoll(ending, subject) : endOfInstance(ending);
    return { ...base, result: RESULTS[end.standing], details: end.words };
  }
  return { ...base, result: standing(view.result), details: plain(view.details) };
};

/** A flow that was started and not followed is not done. */
const standing = (result: string): Result["result"] =>
  result === "done" || result === "failed" || result === "not applied" ? result : "left";

export const resultTable = (results: readonly Result[]): string =>
  table(
    ["Action", "On", "Result", "What became of it"],
    results.map(({ kind, subject, result, details }) =>
      [kind, subject, result, details].map((text) => plain(text) || "-"),
    ),
  );
