// One entry of PutEvents, checked as EventBridge checks it. The sandbox lets people send `aws.*` events too, so that
// a recorded one can be replayed.

import { randomUUID } from "node:crypto";
import type { AwsEvent } from "../ports.ts";

export interface EntryFailure {
  ErrorCode: string;
  ErrorMessage: string;
}

export interface Surroundings {
  account: string;
  region: string;
  /** Milliseconds since the epoch. */
  now: number;
}

interface Entry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  Resources?: string[];
  Time?: Date | string;
}

export const readEntry = (
  entry: Entry,
  { account, region, now }: Surroundings,
): { event: AwsEvent } | { failure: EntryFailure } => {
  const { Source, DetailType, Detail, Resources = [], Time } = entry;
  if (!Source || !DetailType || !Detail) {
    const missing = Object.entries({ Source, DetailType, Detail }).flatMap(([name, value]) =>
      value ? [] : [name],
    );
    return fail(
      "InvalidArgument",
      `Parameter ${missing.join(", ")} is not valid. Reason: it is a required argument.`,
    );
  }
  const detail = parseObject(Detail);
  if (detail === undefined) return fail("MalformedDetail", "Detail is malformed: it must be a JSON object.");
  return {
    event: {
      version: "0",
      id: randomUUID(),
      "detail-type": DetailType,
      source: Source,
      account,
      time: new Date(Time ?? now).toISOString().replace(/\.\d+Z$/, "Z"),
      region,
      resources: Resources,
      detail,
    },
  };
};

const parseObject = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const fail = (ErrorCode: string, ErrorMessage: string): { failure: EntryFailure } => ({
  failure: { ErrorCode, ErrorMessage },
});
