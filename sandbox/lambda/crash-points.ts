// Crashes at a chosen checkpoint, for tests. Points are named `step name:ACTION`, not by number: the SDK batches
// its checkpoints, and how it batches them differs from run to run.

import type { OperationUpdate } from "@aws/durable-execution-sdk-js";
import { AwsError } from "../ports.ts";
import type { CheckpointHooks } from "./execution.ts";

/**
 * The function's view of its own death: what it asks for is refused as a stale token is, the SDK ends the invocation,
 * and the service invokes again.
 */
class SimulatedCrash extends AwsError {
  constructor(point: string) {
    super("InvalidParameterValueException", `Invalid Checkpoint Token (simulated crash at ${point})`);
  }
}

export interface CrashPoint {
  /** For example `drain the node:SUCCEED`; the second time in one execution `drain the node:SUCCEED#2`. */
  point: string;
  when: "before" | "after";
}

/** Hooks that note each point once, in order of first appearance. */
export const recordPoints = (): CheckpointHooks & { points: string[] } => {
  const points: string[] = [];
  const name = pointNamer();
  return {
    points,
    before: (execution, updates) => {
      for (const point of name(execution.arn, updates)) points.push(point);
    },
  };
};

/** Hooks that crash once, at the given point, and never again. */
export const crashOnce = ({ point, when }: CrashPoint): CheckpointHooks & { crashed: () => boolean } => {
  let crashed = false;
  const name = pointNamer();
  let current: string[] = [];
  const crashIfHere = (): void => {
    if (crashed || !current.includes(point)) return;
    crashed = true;
    throw new SimulatedCrash(`${when} ${point}`);
  };
  return {
    crashed: () => crashed,
    before: (execution, updates) => {
      current = name(execution.arn, updates);
      if (when === "before") crashIfHere();
    },
    after: () => {
      if (when === "after") crashIfHere();
    },
  };
};

const pointNamer = (): ((arn: string, updates: readonly OperationUpdate[]) => string[]) => {
  const seen = new Map<string, number>();
  return (arn, updates) =>
    updates.map(({ Name, Type, Action }) => {
      const point = `${Name ?? Type}:${Action}`;
      const count = (seen.get(`${arn} ${point}`) ?? 0) + 1;
      seen.set(`${arn} ${point}`, count);
      return count === 1 ? point : `${point}#${count}`;
    });
};
