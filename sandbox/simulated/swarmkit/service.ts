// A service as a person gives it, its spec as the managers keep it, and its state.
import type { Task } from "./task.ts";

/** What a test deploys. */
export interface Service {
  /** What people call it; the engine's id is made from it. */
  readonly id: string;
  /** With its digest. */
  image: string;
  /** Sources of its bind mounts. */
  directories: readonly string[];
  replicas: number;
  /** Constrained to `node.role==manager`. */
  managersOnly?: boolean;
  /** What each task has for itself; none unless said otherwise. */
  reservedCpus?: number;
  /** 1 stands for a port that is published with mode=host (docs/facts.md, "Docker Swarm"). */
  tasksPerNode?: number;
  mode?: "replicated" | "global";
  labels?: Readonly<Record<string, string>>;
  update?: Partial<UpdateConfig>;
  /** From a task's end to the start of the next in its slot; 5 s unless said otherwise, as the engine's default. */
  restartDelayMs?: number;
}

export interface UpdateConfig {
  /** 0: all at once. */
  parallelism: number;
  delaySeconds: number;
  monitorSeconds: number;
  failureAction: "pause" | "continue" | "rollback";
  maxFailureRatio: number;
  order: "stop-first" | "start-first";
}

/** Of a service that says nothing. */
export const DEFAULT_UPDATE: UpdateConfig = {
  parallelism: 1,
  delaySeconds: 0,
  monitorSeconds: 5,
  failureAction: "pause",
  maxFailureRatio: 0,
  order: "stop-first",
};

/** What a task is made of: a difference here, and only here, replaces tasks. */
export interface TaskTemplate {
  readonly image: string;
  readonly directories: readonly string[];
  readonly managersOnly: boolean;
  readonly tasksPerNode: number;
  readonly reservedCpus: number;
  readonly restartDelayMs: number;
}

export interface ServiceSpec {
  readonly name: string;
  readonly mode: "replicated" | "global";
  /** Without meaning for a global one. */
  readonly replicas: number;
  readonly labels: Readonly<Record<string, string>>;
  /** undefined: not in the spec; the engine's defaults hold. */
  readonly update: UpdateConfig | undefined;
  readonly template: TaskTemplate;
}

export interface UpdateStatus {
  state: "updating" | "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed";
  message: string;
  startedAt: number;
}

export interface SimulatedService {
  readonly id: string;
  spec: ServiceSpec;
  /** Index of the write that the spec came with: tasks remember it. */
  specVersion: number;
  /** What an automatic rollback would go back to: overwritten by every update. */
  previous: { spec: ServiceSpec; specVersion: number } | undefined;
  /** Index of the last write, of the updater's own too (its status): what a compare-and-swap compares. */
  version: number;
  /** Reset by every update. */
  updateStatus: UpdateStatus | undefined;
  /** Those that the managers still know: at most five a slot. */
  readonly tasks: Set<Task>;
}

/** 25 characters, as the engine's, that one can still read. */
export const serviceId = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "0")
    .padEnd(25, "0")
    .slice(0, 25);

export const specOf = (service: Service): ServiceSpec => ({
  name: service.id,
  mode: service.mode ?? "replicated",
  replicas: service.replicas,
  labels: { ...service.labels },
  update: service.update && { ...DEFAULT_UPDATE, ...service.update },
  template: {
    image: service.image,
    directories: service.directories,
    managersOnly: service.managersOnly ?? false,
    tasksPerNode: service.tasksPerNode ?? 1,
    reservedCpus: service.reservedCpus ?? 0,
    restartDelayMs: service.restartDelayMs ?? 5_000,
  },
});

/** Slot → its tasks that are meant to run. */
export const runnableSlots = ({ tasks }: SimulatedService): Map<string, Task[]> => {
  const slots = new Map<string, Task[]>();
  for (const task of tasks) {
    if (!task.runnable) continue;
    const slot = slots.get(task.slot);
    if (slot) slot.push(task);
    else slots.set(task.slot, [task]);
  }
  return slots;
};
