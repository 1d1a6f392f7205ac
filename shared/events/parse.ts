// Any event that can trigger a flow → one discriminated union. A new kind of event is a file beside this one and a line here.
import * as z from "zod/mini";
import { type BackupDue, parseBackupByHand, parseBackupDue } from "./backup-request.ts";
import { EventError } from "./error.ts";
import { type LifecycleEvent, parseLifecycle } from "./lifecycle.ts";
import { type PlanByHand, parsePlanByHand } from "./plan-request.ts";
import { type ImagePush, parsePush } from "./push.ts";
import { parseRepairByHand, parseRepairDue, type RepairTrigger } from "./repair-request.ts";
import { parseRollByHand, type RollByHand } from "./roll-request.ts";
import { parseSpotWarning, type SpotWarning } from "./spot.ts";

export type Trigger =
  | LifecycleEvent
  | SpotWarning
  | ImagePush
  | RollByHand
  | PlanByHand
  | RepairTrigger
  | BackupDue;

const envelope = z.object({ source: z.string(), "detail-type": z.string(), detail: z.unknown() });

const parsers: Readonly<Record<string, (detail: unknown) => Trigger>> = {
  "aws.autoscaling/EC2 Instance-launch Lifecycle Action": parseLifecycle,
  "aws.autoscaling/EC2 Instance-terminate Lifecycle Action": parseLifecycle,
  "aws.ec2/EC2 Spot Instance Interruption Warning": parseSpotWarning,
  "aws.ecr/ECR Image Action": parsePush,
  "hive-swarm/Roll Requested": parseRollByHand,
  "hive-swarm/Plan Requested": parsePlanByHand,
  "hive-swarm/Repair Requested": parseRepairByHand,
  "hive-swarm/Repair Due": parseRepairDue,
  "hive-swarm/Backup Requested": parseBackupByHand,
  "hive-swarm/Backup Due": parseBackupDue,
};

/** @throws EventError for anything that is none of the events above. */
export const parseEvent = (event: unknown): Trigger => {
  const parsed = envelope.safeParse(event);
  if (!parsed.success) throw new EventError("event", parsed.error);
  const kind = `${parsed.data.source}/${parsed.data["detail-type"]}`;
  const parser = Object.hasOwn(parsers, kind) ? parsers[kind] : undefined;
  if (!parser) throw new EventError("event", `no flow starts on ${JSON.stringify(kind.slice(0, 120))}`);
  return parser(parsed.data.detail);
};
