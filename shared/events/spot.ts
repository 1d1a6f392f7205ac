// EC2 Spot interruption warnings: model and parser. They name no group, and nothing in them is proof.
import * as z from "zod/mini";
import { type InstanceId, isInstanceId } from "../identifiers.ts";
import { EventError } from "./error.ts";

export interface SpotWarning {
  kind: "spot-warning";
  instanceId: InstanceId;
}

const schema = z.object({
  "instance-id": z.string().check(z.refine(isInstanceId, "not an EC2 instance id")),
});

/** Parses the `detail` of a Spot interruption warning. @throws EventError when it is malformed. */
export const parseSpotWarning = (detail: unknown): SpotWarning => {
  const parsed = schema.safeParse(detail);
  if (!parsed.success) throw new EventError("Spot interruption warning", parsed.error);
  return { kind: "spot-warning", instanceId: parsed.data["instance-id"] as InstanceId };
};
