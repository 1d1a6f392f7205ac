// How many tasks of a service there is room for: by what its tasks reserve, on the nodes that are there. Counted in hundredths of a CPU,
// since sums of those are exact.
import type { ServiceFacts } from "../swarm/services.ts";
import type { StackService } from "../swarm/stack.ts";
import type { Picture } from "./picture.ts";
import { placesFor } from "./stack.ts";

const hundredths = (cpus: number): number => Math.round(cpus * 100);

/** Tasks that have a node. */
export const placedOf = ({ tasks }: ServiceFacts): number =>
  tasks.reduce((sum, task) => sum + (task.placed ? task.count : 0), 0);

/**
 * What other services reserve is not free: of a global one on each node that it may be on. Of the others only the number is known, and not
 * where they are: they may be where there is no room for this one anyway, so they count against the whole. That errs to more replicas,
 * which wait, and never to fewer than run already: those that share nodes would take turns in being shrunk.
 */
export const roomFor = (
  picture: Picture,
  service: ServiceFacts,
  wanted: StackService,
  stack: readonly StackService[],
  services: readonly ServiceFacts[],
): number => {
  const each = hundredths(service.reservedCpus);
  const most = wanted.mostPerNode > 0 ? wanted.mostPerNode : Number.POSITIVE_INFINITY;
  const nodes = placesFor(picture, placement(service, stack));
  const others = services
    .filter(({ id, reservedCpus }) => id !== service.id && reservedCpus > 0)
    .map((other) => ({
      ...other,
      places: new Set(placesFor(picture, placement(other, stack))),
    }))
    .filter(({ places }) => nodes.some((node) => places.has(node)));
  const free = nodes.map((node) => {
    const there = others.filter(({ mode, places }) => mode === "global" && places.has(node));
    return Math.max(
      0,
      hundredths(node.cpus) - there.reduce((sum, other) => sum + hundredths(other.reservedCpus), 0),
    );
  });
  const taken = others
    .filter(({ mode }) => mode !== "global")
    .reduce((sum, other) => sum + placedOf(other) * hundredths(other.reservedCpus), 0);
  const whole = free.reduce((sum, one) => sum + one, 0) - taken;
  const slots = free.reduce((sum, one) => sum + Math.min(Math.floor(one / each), most), 0);
  return Math.max(0, Math.min(slots, Math.floor(whole / each)));
};

/** As it runs; whether it is for workers alone only the stack tells. */
const placement = ({ name, managersOnly }: ServiceFacts, stack: readonly StackService[]) => ({
  managersOnly,
  workersOnly: !managersOnly && stack.some((wanted) => wanted.name === name && wanted.workersOnly),
});
