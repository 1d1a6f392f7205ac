// What IAM has to know of the instances: of which group they are, whose role they have, and which tags a condition finds on them.
import type { AutoScaling } from "../models/auto-scaling/auto-scaling.ts";

export interface InstanceFacts {
  group: string;
  tags: Readonly<Record<string, string>>;
}

export interface Facts {
  /** undefined: an instance of no group of ours, foreign to the cluster. */
  instance(instanceId: string): InstanceFacts | undefined;
  /** Instances that carry the tag with one of these values. */
  byTag(key: string, values: readonly string[]): string[];
}

/** Instances keep their tags when they are terminated, for as long as EC2 still shows them. */
export const factsOf = (autoScaling: AutoScaling): Facts => ({
  instance: (instanceId) => {
    const group = autoScaling.history().find((change) => change.instanceId === instanceId)?.group;
    if (group === undefined) return undefined;
    return { group, tags: autoScaling.tagsOf(instanceId) };
  },
  byTag: (key, values) => autoScaling.instancesByTag(key, values),
});
