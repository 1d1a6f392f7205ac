// What a manager tells of a service, as documents/lib puts it together: see shared/swarm/services.ts for whoever reads it.
import { gzipSync } from "node:zlib";
import type { SimulatedSwarm } from "./swarm.ts";
import { isUsable } from "./swarmkit/scheduler.ts";
import { DEFAULT_UPDATE, type SimulatedService } from "./swarmkit/service.ts";
import type { SwarmNode } from "./swarmkit/store.ts";
import type { Task } from "./swarmkit/task.ts";

const TEXT = 300;
const LINES = 500;
const FEW = 3;
const ENDED = "ended by itself (a container that is stopped as unhealthy and ends cleanly looks the same)";

export const packed = (facts: object): string => gzipSync(JSON.stringify(facts)).toString("base64");

export const serviceFacts = (swarm: SimulatedSwarm, service: SimulatedService, now: number) => {
  const { id, version, spec, updateStatus } = service;
  const labels = Object.fromEntries(Object.entries(spec.labels).filter(([name]) => name.startsWith("hive.")));
  const tasks = [...service.tasks].filter(({ runnable }) => runnable);
  const failed = failedTasks(service);
  return {
    id,
    name: spec.name,
    version,
    mode: spec.mode,
    replicas: spec.mode === "replicated" ? spec.replicas : null,
    image: spec.template.image,
    managersOnly: spec.template.managersOnly,
    reservedCpus: spec.template.reservedCpus,
    labels,
    update: {
      state: updateStatus?.state ?? "none",
      message: updateStatus?.message ?? "",
      startedAt: updateStatus ? new Date(updateStatus.startedAt).toISOString() : "",
    },
    monitorSeconds: monitorSeconds(service),
    order: spec.update?.order ?? "",
    tasks: grouped(tasks),
    stopping: [...service.tasks].filter((task) => isStopping(task, swarm.nodes)).length,
    youngest: youngest(service, now),
    failed: failed.length,
    failures: failed
      .sort((one, other) => other.status.at - one.status.at)
      .slice(0, FEW)
      .map((task) => failure(task, swarm.nodes.get(task.nodeId), "hive.roll.id" in labels)),
    waiting: [
      ...new Set(
        tasks
          .filter(({ status }) => status.state !== "running" && status.error !== "")
          .map(({ status }) => status.error.slice(0, TEXT)),
      ),
    ]
      .sort()
      .slice(0, FEW),
    now: Math.floor(now / 1000),
  };
};

export type SimulatedFacts = ReturnType<typeof serviceFacts>;

/** By its label, where that names one. */
export const instanceOf = (node: SwarmNode | undefined): string => {
  const label = node?.labels["hive.instance-id"] ?? "";
  return /^i-[0-9a-f]{8,17}$/.test(label) ? label : "";
};

/** Workers that may get tasks: the instances that their labels name, and how many have no such label. */
export const activeWorkers = (
  nodes: ReadonlyMap<string, SwarmNode>,
): { instances: string[]; unlabelled: number } => {
  const active = [...nodes.values()].filter((node) => node.role === "worker" && isUsable(node));
  const instances = active.map(instanceOf).filter(Boolean);
  return { instances: [...new Set(instances)].sort(), unlabelled: active.length - instances.length };
};

/** Of the spec's image, since the roll began. A task that ends with 0 has failed too: it was to run on. */
export const failedTasks = ({ spec, tasks }: SimulatedService): Task[] => {
  const since = Date.parse(spec.labels["hive.roll.since"] ?? "") || 0;
  return [...tasks].filter(
    ({ status, image }) =>
      ["failed", "rejected", "complete"].includes(status.state) &&
      image === spec.template.image &&
      status.at >= since,
  );
};

export const monitorSeconds = ({ spec }: SimulatedService): number =>
  (spec.update ?? DEFAULT_UPDATE).monitorSeconds;

/** Seconds since the last of the running tasks of the spec's image began to run. */
export const youngest = ({ spec, tasks }: SimulatedService, now: number): number | null => {
  const since = [...tasks]
    .filter((task) => task.runnable && task.status.state === "running" && task.image === spec.template.image)
    .map(({ status }) => status.at);
  return since.length === 0 ? null : Math.floor((now - Math.max(...since)) / 100) / 10;
};

/** It takes its place on a node that still answers until it has stopped. */
export const isStopping = (task: Task, nodes: ReadonlyMap<string, SwarmNode>): boolean =>
  !task.runnable && !task.over && !task.waiting && (nodes.get(task.nodeId)?.state ?? "down") !== "down";

const grouped = (tasks: readonly Task[]) => {
  const groups = new Map<string, { image: string; state: string; placed: boolean; count: number }>();
  for (const { image, status, placed } of tasks) {
    const key = `${image} ${status.state} ${placed}`;
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { image, state: status.state, placed, count: 1 });
  }
  return [...groups.values()];
};

const failure = (
  { id, container, status, lines }: Task,
  node: SwarmNode | undefined,
  withLines: boolean,
) => ({
  task: id,
  state: status.state,
  container: status.exitCode === undefined ? "" : container,
  error: status.error.slice(0, TEXT) || ENDED,
  exitCode: status.exitCode ?? null,
  instance: instanceOf(node),
  node: node?.state ?? "gone",
  availability: node?.availability ?? "",
  lines: withLines ? lines.split("\n").slice(-5).join("\n").slice(0, LINES) : "",
});
