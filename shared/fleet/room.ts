// How many tasks of a service there is room for: by what its tasks reserve, on the nodes that are there. Counted in hundredths of a CPU,
// since sums of those are exact.
import type { ServiceFacts } from "../swarm/services.ts";
import type { StackService } from "../swarm/stack.ts";
import type { Picture } from "./picture.ts";
import { placesFor } from "./stack.ts";

const hundredths = (cpus: number): number => Math.round(cpus * 100);

const placed = ({ tasks }: ServiceFacts): number =>
  tasks.reduce((sum, task) => sum + (task.placed ? task.count : 0), 0);

/**
 * What other services reserve is not free: of a global one on each node that it may be on; of the others, of which only the number is
 * known and not where they are, as much as if they lay side by side.
 */
export const roomFor = (
  picture: Picture,
  service: ServiceFacts,
  wanted: StackService,
  stack: readonly StackService[],
  services: readonly ServiceFacts[],
): number => {
  const { mostPerNode } = wanted;
  const each = hundredths(service.reservedCpus);
  const others = services
    .filter(({ id, reservedCpus }) => id !== service.id && reservedCpus > 0)
    .map((other) => ({
      ...other,
      places: placesFor(picture, stack.find(({ name }) => name === other.name) ?? placement(other)),
    }));
  let [all, allowed] = [0, 0];
  for (const node of placesFor(picture, wanted)) {
    const there = others.filter(({ mode, places }) => mode === "global" && places.includes(node));
    const free =
      hundredths(node.cpus) - there.reduce((sum, other) => sum + hundredths(other.reservedCpus), 0);
    const most = Math.max(0, Math.floor(free / each));
    all += most;
    allowed += mostPerNode > 0 ? Math.min(most, mostPerNode) : most;
  }
  const places = new Set(placesFor(picture, wanted));
  const taken = others
    .filter((other) => other.mode !== "global" && other.places.some((node) => places.has(node)))
    .reduce((sum, other) => sum + placed(other) * hundredths(other.reservedCpus), 0);
  // What others take of a node leaves room for the few that it may have all the same.
  return Math.max(0, Math.min(allowed, all - Math.ceil(taken / each)));
};

/** Of a service that is in no stack it is only known whether it is for managers. */
const placement = ({ managersOnly }: ServiceFacts) => ({ managersOnly, workersOnly: false });
