// What a look at the cluster came to: the flow's report, checked as far as the tables show it.
import { gunzipSync } from "node:zlib";
import * as z from "zod/mini";
import { serviceFacts } from "../../shared/swarm/services.ts";
import { parseJson } from "../follow/step-result.ts";

/** A part of the picture, or why it is missing. */
const known = <Schema extends z.ZodMiniType>(value: Schema) =>
  z.discriminatedUnion("known", [
    z.object({ known: z.literal(true), value }),
    z.object({ known: z.literal(false), because: z.string() }),
  ]);

const member = z.object({
  instanceId: z.string(),
  group: z.string(),
  role: z.string(),
  lifecycleState: z.string(),
  healthy: z.boolean(),
});
const agent = z.object({ instanceId: z.string(), online: z.boolean(), version: z.string() });
const node = z.object({
  nodeId: z.string(),
  instanceId: z.string(),
  address: z.string(),
  role: z.string(),
  state: z.string(),
  availability: z.string(),
  leader: z.boolean(),
  reachability: z.string(),
  retiring: z.boolean(),
  running: z.number(),
});
const balancerMember = z.object({ instanceId: z.string(), standing: z.string(), description: z.string() });

const pause = z.object({ why: z.string(), by: z.string(), at: z.string() });

const snapshot = z.object({
  takenAt: z.string(),
  members: known(z.array(member)),
  agents: known(z.array(agent)),
  swarm: known(z.object({ nodes: z.array(node), services: z.array(serviceFacts) })),
  balancer: z.optional(known(z.object({ attached: z.boolean(), members: z.array(balancerMember) }))),
  flows: known(z.array(z.object({ name: z.string(), startedAt: z.string() }))),
  newest: known(z.array(z.object({ repository: z.string(), image: z.string(), pushedAt: z.string() }))),
  /** Of a version that knows pauses. */
  paused: z.optional(known(z.nullable(pause))),
});

const plan = z.object({
  takenAt: z.string(),
  holds: z.array(z.string()),
  unknown: z.array(z.string()),
  actions: z.array(
    z.object({
      kind: z.string(),
      subject: z.string(),
      reason: z.string(),
      fact: z.string(),
      risk: z.string(),
    }),
  ),
});

/** What became of an action that was to be applied. */
export const appliedView = z.object({
  kind: z.string(),
  subject: z.string(),
  nodeId: z.optional(z.string()),
  result: z.string(),
  flow: z.optional(z.string()),
  function: z.optional(z.string()),
  details: z.string(),
});

export type Applied = z.infer<typeof appliedView>;

export type Picture = z.infer<typeof snapshot>;
export type Plan = z.infer<typeof plan>;

export type PlannedAction = Plan["actions"][number];

export interface Report {
  plan: Plan;
  picture: Picture;
  /** As they came, for programs: with what the tables do not show. */
  raw: { plan: unknown; snapshot: unknown };
}

const report = z.object({ plan: z.unknown(), snapshot: z.string() });

/** @returns undefined when it is none: another version of the flow. */
export const parseReport = (result: string): Report | undefined => {
  const outer = report.safeParse(parseJson(result));
  if (!outer.success) return undefined;
  const raw = { plan: outer.data.plan, snapshot: unpacked(outer.data.snapshot) };
  const [planned, pictured] = [plan.safeParse(raw.plan), snapshot.safeParse(raw.snapshot)];
  if (!planned.success || !pictured.success) return undefined;
  return { plan: planned.data, picture: pictured.data, raw };
};

const unpacked = (text: string): unknown => {
  try {
    return parseJson(gunzipSync(Buffer.from(text, "base64")).toString("utf8"));
  } catch {
    return undefined;
  }
};

const repairReport = z.object({ applied: z.array(appliedView) });

/** @returns undefined when it is none: another version of the flow. */
export const parseApplied = (result: string | undefined): Applied[] | undefined => {
  const parsed = repairReport.safeParse(parseJson(result));
  return parsed.success ? parsed.data.applied : undefined;
};
