// EC2 Auto Scaling lifecycle events: model and parser.
import * as z from "zod/mini";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { EventError } from "./error.ts";

export interface LifecycleEvent {
  kind: "launch" | "terminate";
  group: string;
  hook: string;
  instanceId: InstanceId;
}

const TRANSITIONS = {
  "autoscaling:EC2_INSTANCE_LAUNCHING": "launch",
  "autoscaling:EC2_INSTANCE_TERMINATING": "terminate",
} as const;

const schema = z.object({
  AutoScalingGroupName: z.string().check(z.minLength(1), z.maxLength(255)),
  LifecycleHookName: z.string().check(z.minLength(1), z.maxLength(255)),
  EC2InstanceId: z.string().check(z.refine(isInstanceId, "not an EC2 instance id")),
  LifecycleTransition: z.enum(["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"]),
});

/** Parses the `detail` of a lifecycle event. @throws EventError when a member is missing or malformed. */
export const parseLifecycle = (detail: unknown): LifecycleEvent => {
  const parsed = schema.safeParse(detail);
  if (!parsed.success) throw new EventError("lifecycle event", parsed.error);
  return {
    kind: TRANSITIONS[parsed.data.LifecycleTransition],
    group: parsed.data.AutoScalingGroupName,
    hook: parsed.data.LifecycleHookName,
    // Checked by the schema above; zod's types do not carry the brand.
    instanceId: parsed.data.EC2InstanceId as InstanceId,
  };
};
