// The payload of a flow, checked: a person can start one by hand too.
import * as z from "zod/mini";
import { EventError } from "../events/error.ts";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import type { FlowRequest, HookRequest } from "./world.ts";

const group = z.string().check(z.minLength(1), z.maxLength(255));
const instanceId = z.pipe(
  z.string().check(z.refine(isInstanceId, "not an EC2 instance id")),
  z.transform((id: string) => id as InstanceId),
);
const hookSchema = z.strictObject({
  group,
  hook: z.string().check(z.minLength(1), z.maxLength(255)),
  instanceId,
});
const inServiceSchema = z.strictObject({ group, instanceId, inService: z.literal(true) });

const parse = <T>(schema: z.ZodMiniType<T>, payload: unknown, shape: string): T => {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new EventError(`request ${shape}`, parsed.error);
  return parsed.data;
};

/** Of a flow that is there for a hook alone. @throws EventError when it is no such request. */
export const parseHookRequest = (payload: unknown): HookRequest =>
  parse(hookSchema, payload, "{group, hook, instanceId}");

/** @throws EventError when it is no request. */
export const parseRequest = (payload: unknown): FlowRequest =>
  typeof payload === "object" && payload !== null && "inService" in payload
    ? parse(inServiceSchema, payload, "{group, instanceId, inService: true}")
    : parseHookRequest(payload);
