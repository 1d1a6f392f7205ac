// Services of the stack that are not there. One that exists is never deployed again, whatever became of it: that would take back labels,
// replicas and image (docs/facts.md, D15).
import type { StackService } from "../swarm/stack.ts";
import { action } from "./action.ts";
import type { Action } from "./actions.ts";
import type { OwnedNode, Picture } from "./picture.ts";
import type { SwarmView } from "./snapshot.ts";

/** The stack and the swarm, when both are known, and whether anybody is at work too. */
export const stackOf = ({
  snapshot: { stack, swarm },
  busy,
}: Picture): { wanted: readonly StackService[]; swarm: SwarmView } | undefined =>
  stack.known && swarm.known && busy ? { wanted: stack.value, swarm: swarm.value } : undefined;

/** Nodes that could run a task of it now. */
export const placesFor = (
  { nodes = [] }: Picture,
  { managersOnly, workersOnly }: Pick<StackService, "managersOnly" | "workersOnly">,
): OwnedNode[] =>
  nodes.filter(
    ({ role, state, availability, retiring }) =>
      state === "ready" &&
      availability === "active" &&
      !retiring &&
      (role === "manager" ? !workersOnly : !managersOnly),
  );

export const planStack = (picture: Picture): Action[] => {
  const known = stackOf(picture);
  if (!known) return [];
  return known.wanted.flatMap((wanted) => {
    const { name, image } = wanted;
    if (known.swarm.services.some((service) => service.name === name)) return [];
    const places = placesFor(picture, wanted).length;
    // Nothing would come of it but an alarm, and what it is to run is found out when it can.
    if (places === 0) return [];
    const reason = `of the stack, and not in the swarm; it is deployed as the stack has it (${image}), on any of ${places} nodes`;
    return [action("deploy-service", { service: name }, reason)];
  });
};
