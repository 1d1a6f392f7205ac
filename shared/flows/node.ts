// The node of an instance, as a manager can find it, and its removal.
import { removeAnswer } from "../swarm/answers.ts";
import { onManager } from "./manager.ts";
import type { Hold } from "./watch.ts";
import type { EpochMillis } from "./world.ts";

/**
 * What helps a manager to find the node besides the instance's label, which a node carries only once it was activated. Either may
 * be empty.
 */
export interface NodeHint {
  readonly nodeId: string;
  readonly address: string;
}

export const NO_HINT: NodeHint = { nodeId: "", address: "" };

/** Removes every node of the instance; there may be none. */
export const removeNode = async (
  hold: Hold,
  name: string,
  { nodeId, address }: NodeHint,
  deadline?: EpochMillis,
): Promise<void> => {
  await onManager(hold, name, removeAnswer, {
    document: "remove-node",
    parameters: { instanceId: hold.lease.action.instanceId, nodeId, address },
    executionSeconds: 60,
    ...(deadline === undefined ? {} : { deadline }),
  });
};
