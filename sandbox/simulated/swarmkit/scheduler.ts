// The scheduler: hands tasks without a node to those that have room. Which of several waiting tasks gets a place that became
// free is left to chance, as in swarmkit, whose groups and tasks come out of Go maps.
import type { TaskTemplate } from "./service.ts";
import type { Store, SwarmNode } from "./store.ts";
import type { Task } from "./task.ts";

export const schedule = (store: Store): boolean => {
  if (store.unassigned.size === 0) return false;
  const usable = [...store.nodes.values()].filter(isUsable);
  let assigned = false;
  for (const group of store.random.shuffled(groups(store.unassigned))) {
    const matching = usable.filter((node) => matches(group.template.managersOnly, node));
    const spare = matching.filter((node) => hasRoom(store, group.template, node));
    const noRoom = explain(store.nodes.size, matching.length, matching.length - spare.length);
    for (const task of store.random.shuffled(group.tasks)) {
      const [best] = roomiest(store, task, matching);
      if (best) {
        store.assign(task, best);
        assigned = true;
      } else task.status.error = noRoom;
    }
  }
  return assigned;
};

export const isUsable = ({ availability, state }: SwarmNode): boolean =>
  availability === "active" && state === "ready";

/** May a task of the template be there at all? */
export const matches = (managersOnly: boolean, { vote }: SwarmNode): boolean => managersOnly === vote;

interface Group {
  template: TaskTemplate;
  tasks: Task[];
}

/** One a service and version of its spec. */
const groups = (tasks: Iterable<Task>): Group[] => {
  const found = new Map<string, Group>();
  for (const task of tasks) {
    const key = `${task.service.id} ${task.specVersion}`;
    const group = found.get(key);
    if (group) group.tasks.push(task);
    else found.set(key, { template: task.template, tasks: [task] });
  }
  return [...found.values()];
};

/** Tasks that are to stop take their place until they have stopped. */
const load = ({ onNode }: Store, { service }: Task, { id }: SwarmNode): number => {
  let count = 0;
  for (const task of onNode.get(id) ?? []) if (task.service === service) count++;
  return count;
};

/** CPUs that nobody has reserved yet, counted in hundredths so that sums are exact. */
const hasRoom = ({ onNode }: Store, { reservedCpus }: TaskTemplate, { id, cpus }: SwarmNode): boolean => {
  if (reservedCpus === 0) return true;
  let free = Math.round(cpus * 100);
  for (const task of onNode.get(id) ?? []) free -= Math.round(task.template.reservedCpus * 100);
  return free >= Math.round(reservedCpus * 100);
};

/** Nodes that can take the task, those with the fewest of its service first. */
const roomiest = (store: Store, task: Task, nodes: readonly SwarmNode[]): SwarmNode[] =>
  nodes
    .filter((node) => (task.nodeId === "" || task.nodeId === node.id) && hasRoom(store, task.template, node))
    .map((node) => ({ node, load: load(store, task, node) }))
    .filter((one) => one.load < task.template.tasksPerNode)
    .sort((one, other) => one.load - other.load)
    .map(({ node }) => node);

/** In the engine's words. */
const explain = (nodes: number, matching: number, short: number): string => {
  const reasons = [
    [nodes - matching, "scheduling constraints not satisfied"],
    [short, "insufficient resources"],
    [matching - short, "host-mode port already in use"],
  ] as const;
  const texts = reasons.flatMap(([count, reason]) =>
    count > 0 ? [`${reason} on ${count} node${count > 1 ? "s" : ""}`] : [],
  );
  return texts.length > 0 ? `no suitable node (${texts.join("; ")})` : "no suitable node";
};
