// What becomes of a join, and how it is told.
import { flowMeasured } from "../metrics.ts";
import type { Flow } from "./flow.ts";
import type { EpochMillis, FlowRequest, World } from "./world.ts";

export type JoinOutcome =
  | {
      outcome: "joined";
      nodeId: string;
      tasks: number;
      /** `none` for managers too: they are never registered. */
      loadBalancer: "in service" | "none" | "not confirmed";
    }
  /** Warmed for a pool: images and directories are there, the swarm knows nothing of it. */
  | { outcome: "prepared" }
  /** Not (or no longer) an instance that waits for us: nothing was done, or the retirement cleans up. */
  | { outcome: "ignored"; state: string }
  | { outcome: "overtaken"; state: string }
  | { outcome: "abandoned"; step: string; cause: string; untidied: readonly string[] }
  /** The instance is in service, or has formed the swarm: it stays, as it is, and somebody has to look. */
  | { outcome: "failed"; step: string; cause: string; untidied: readonly string[] };

export const report = (
  flow: Flow,
  world: World,
  request: FlowRequest,
  startedAt: EpochMillis,
  outcome: JoinOutcome,
): Promise<JoinOutcome> =>
  flow.step("report", async () => {
    const measured = flowMeasured(flow.name, outcome.outcome, (world.now() - startedAt) / 1000);
    const record = { flow: flow.name, group: request.group, instanceId: request.instanceId, ...outcome };
    if (outcome.outcome === "abandoned" || outcome.outcome === "failed")
      world.log.error(`join ${outcome.outcome}`, record, measured);
    else world.log.info(`join ${outcome.outcome}`, record, measured);
    return outcome;
  });
