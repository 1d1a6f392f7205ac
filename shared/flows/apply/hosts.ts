// Hosts that are to hold images: which could run a service, and having them pull by digest, with their own role (docs/facts.md, D7).
import type { Snapshot } from "../../fleet/snapshot.ts";
import type { InstanceId } from "../../identifiers.ts";
import type { StackService } from "../../swarm/stack.ts";
import { type HostTrouble, onHosts } from "../fleet.ts";
import type { RepairErrand } from "./errand.ts";

/** A pull, on a host that does little else; a repair waits no longer for a host than for a manager. */
const HOLD_SECONDS = 300;

/** Instances of nodes that may get its tasks now. */
export const hostsFor = (
  { swarm }: Snapshot,
  { managersOnly, workersOnly }: Pick<StackService, "managersOnly" | "workersOnly">,
): InstanceId[] => {
  const nodes = swarm.known ? swarm.value.nodes : [];
  const found = nodes.flatMap(({ instanceId, role, state, availability }) => {
    const could = role === "manager" ? !workersOnly : !managersOnly;
    const usable = could && state === "ready" && availability === "active";
    return usable && instanceId !== "" ? [instanceId] : [];
  });
  return [...new Set(found)].sort();
};

/** Each a text of words. `keep`: never taken away, which nothing is here anyway. */
export interface Holding {
  images: string;
  directories: string;
}

/** @returns the hosts on which it did not succeed. */
export const holdOn = (
  errand: RepairErrand,
  hosts: readonly InstanceId[],
  { images, directories }: Holding,
): Promise<HostTrouble[]> => {
  const { registry, registryRegion } = errand.world.config;
  return onHosts(errand, "hosts hold what the stack needs", hosts, {
    document: "hold-images",
    parameters: { registry, registryRegion, images, directories },
    executionSeconds: HOLD_SECONDS,
  });
};
