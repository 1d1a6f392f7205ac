// The payload of a flow, checked: a person can start one by hand too.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import type { FlowRequest } from "./world.ts";

const schema = z.strictObject({
  group: z.string().check(z.minLength(1), z.maxLength(255)),
  hook: z.string().check(z.minLength(1), z.maxLength(255)),
  instanceId: z.string().check(z.refine(isInstanceId, "not an EC2 instance id")),
});

/** @throws EventError when it is no request. */
export const parseRequest = (payload: unknown): FlowRequest => {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new EventError("request {group, hook, instanceId}", parsed.error);
  return { ...parsed.data, instanceId: parsed.data.instanceId as InstanceId };
};
