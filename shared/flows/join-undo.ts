// Leaves nothing of a failed join behind: out of the load balancer, out of the swarm.
import { leaveAnswer, parseAnswer, removeAnswer } from "../swarm/answers.ts";
import { StepFailure } from "./failure.ts";
import { onHost } from "./host.ts";
import { outOfLoadBalancer } from "./load-balancer.ts";
import { onManager } from "./manager.ts";
import type { Hold } from "./watch.ts";

/** Tidying up after a failure must not keep the hook from being abandoned. */
const UNDO_SECONDS = 90;

/** @returns what could not be tidied, to be reported. */
export const undo = async (hold: Hold, loadBalancer: string | undefined): Promise<string[]> => {
  const untidied: string[] = [];
  const start = await hold.flow.step("undo begins", async () => hold.world.now());
  const within = { deadline: start + UNDO_SECONDS * 1000 };
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      untidied.push(error instanceof Error ? error.message : String(error));
    }
  };
  if (loadBalancer)
    await attempt(() => outOfLoadBalancer(hold, loadBalancer, { attached: false, ...within }));
  await attempt(async () => {
    const command = { document: "leave-swarm", parameters: {}, executionSeconds: 60, ...within };
    const answer = await onHost(hold, "undo: leave", command);
    if (answer.kind !== "answered") throw new StepFailure("undo: leave", answer.cause);
    parseAnswer(leaveAnswer, "leave-swarm", answer.stdout);
  });
  await attempt(() =>
    onManager(hold, "undo: remove", removeAnswer, {
      document: "remove-node",
      parameters: { instanceId: hold.lease.action.instanceId, nodeId: "" },
      executionSeconds: 60,
      deadline: start + 2 * UNDO_SECONDS * 1000,
    }),
  );
  return untidied;
};
