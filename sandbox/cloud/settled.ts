// When a group has come to rest after its capacity was changed.
import { names } from "./configuration.ts";
import type { Status } from "./status.ts";

/** So many workers, each in service everywhere, and no flow under way. */
export const isSettled = (status: Status, workers: number): boolean => {
  const own = status.instances.filter(({ group }) => group === names.workerGroup);
  return (
    own.length === workers &&
    status.runningFlows.length === 0 &&
    own.every(
      ({ lifecycleState, node, balancer }) =>
        lifecycleState === "InService" &&
        node?.state === "ready" &&
        node.availability === "active" &&
        balancer?.state === "InService",
    )
  );
};
