// A manager that goes gives its vote up first, and only if the others can do without it. Until then it is held: it goes on as a manager,
// its hook is kept alive, and nobody gives it up (docs/facts.md, D20).
import type * as z from "zod/mini";
import { demoteAnswer } from "../swarm/answers.ts";
import { onManager } from "./manager.ts";
import type { NodeHint } from "./node.ts";
import type { Hold } from "./watch.ts";

type DemoteAnswer = z.infer<typeof demoteAnswer>;

/** For so long the script waits for the vote to go: a leader's first try to hand its lead over takes 25 s where it fails. */
const WAIT_SECONDS = 40;

const DONE: readonly DemoteAnswer["outcome"][] = ["demoted", "not-a-manager", "none"];

/** Why it is no worker yet; undefined: it is one, or in no swarm. */
export const whyHeld = (answer: DemoteAnswer): string | undefined => {
  const { outcome, managers, reachable, remaining, remainingReachable, needed, said } = answer;
  if (DONE.includes(outcome)) return undefined;
  const numbers = `${reachable} of ${managers} managers are reachable; of the ${remaining} that would remain it is ${remainingReachable}, and ${needed} are needed`;
  const words = said ? ` (${said})` : "";
  if (outcome === "under-way") return `the demotion was written and is not through yet${words}; ${numbers}`;
  if (remaining === 0) return `it is the last manager of the swarm${words}`;
  return `the quorum would be lost${words}: ${numbers}`;
};

/**
 * Demotes every node of the instance, through another manager, and waits until it has no vote any more: until the end of its hook,
 * if it comes to that.
 * @returns what finds its node from here on, also where nobody had labelled it.
 */
export const demoteNode = async (hold: Hold, { nodeId, address }: NodeHint): Promise<NodeHint> => {
  const { flow, world, lease } = hold;
  const until = new Date(lease.globalDeadline).toISOString();
  const answer = await onManager(
    hold,
    "demote node",
    demoteAnswer,
    {
      document: "demote-node",
      parameters: { instanceId: lease.action.instanceId, nodeId, address, waitSeconds: String(WAIT_SECONDS) },
      executionSeconds: WAIT_SECONDS + 20,
      waitsSeconds: WAIT_SECONDS,
    },
    {
      because: whyHeld,
      tell: (cause) =>
        world.log.error("manager is held back", {
          flow: flow.name,
          instanceId: lease.action.instanceId,
          step: "demote node",
          cause,
          until,
          advice:
            "bring the managers that do not answer back, or have them replaced; with enough of them it goes by itself. Its hook is kept alive until then; completing it by hand costs the swarm a vote",
        }),
    },
  );
  return { nodeId: nodeId || (answer.nodeIds[0] ?? ""), address };
};
