// One entry of PutEvents, checked as EventBridge checks it. The sandbox lets people send `aws.*` events too, so that
// a recorded one can be replayed; functions it refuses as EventBridge does.

import type { AwsEvent, Caller } from "../ports.ts";
import type { EventBus } from "./event-bus.ts";

export interface EntryFailure {
  ErrorCode: string;
  ErrorMessage: string;
}

export interface Entry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  Resources?: string[];
  Time?: Date | string;
  EventBusName?: string;
}

export const readEntry = (
  entry: Entry,
  bus: Pick<EventBus, "arn" | "stamp">,
  { principal }: Caller,
): { event: AwsEvent } | { failure: EntryFailure } => {
  const { Source, DetailType, Detail, Resources = [], Time, EventBusName = "default" } = entry;
  if (!Source || !DetailType || !Detail) {
    const missing = Object.entries({ Source, DetailType, Detail }).flatMap(([name, value]) =>
      value ? [] : [name],
    );
    return fail(
      "InvalidArgument",
      `Parameter ${missing.join(", ")} is not valid. Reason: it is a required argument.`,
    );
  }
  if (Source.startsWith("aws.") && principal !== "operator") {
    return fail("NotAuthorizedForSourceException", "Not authorized for the source.");
  }
  if (EventBusName !== "default" && EventBusName !== bus.arn) {
    return fail("ResourceNotFoundException", `Event bus ${EventBusName} does not exist.`);
  }
  const detail = parseObject(Detail);
  if (detail === undefined) return fail("MalformedDetail", "Detail is malformed: it must be a JSON object.");
  const stamp = bus.stamp(Time === undefined ? undefined : new Date(Time).getTime());
  return {
    event: { ...stamp, "detail-type": DetailType, source: Source, resources: Resources, detail },
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
