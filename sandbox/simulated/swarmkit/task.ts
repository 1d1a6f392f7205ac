// One task of a service: what the managers know of it, and where its container is.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { SimulatedService, TaskTemplate } from "./service.ts";

/** As the engine says, in the order in which a task goes through them. `pending` is one without a node, mostly. */
const STATES = [
  "pending",
  "assigned",
  "preparing",
  "ready",
  "starting",
  "running",
  "complete",
  "shutdown",
  "failed",
  "rejected",
] as const;
export type TaskState = (typeof STATES)[number];

/** `ready`: everything but the start; a replacement is that until the task before it has stopped. */
export type DesiredState = "ready" | "running" | "shutdown" | "remove";

interface TaskStatus {
  state: TaskState;
  /** Milliseconds since the epoch. */
  at: number;
  error: string;
  exitCode: number | undefined;
}

const rank = (state: TaskState): number => STATES.indexOf(state);

export class Task {
  readonly id: string;
  readonly service: SimulatedService;
  /** Number of its slot; of a global service the node. */
  readonly slot: string;
  readonly template: TaskTemplate;
  readonly specVersion: number;
  readonly createdAt: number;
  /** Empty: on no node yet. */
  nodeId = "";
  instanceId = "";
  status: TaskStatus;
  desired: DesiredState;
  /** Its container is no more, whether the managers know it or not. */
  gone = false;
  /** What the container wrote last. */
  lines = "";
  /** It was stopped since its health check failed, whatever it made of that. */
  unhealthy = false;

  constructor(about: {
    id: string;
    service: SimulatedService;
    slot: string;
    desired: DesiredState;
    now: number;
  }) {
    this.id = about.id;
    this.service = about.service;
    this.slot = about.slot;
    this.template = about.service.spec.template;
    this.specVersion = about.service.specVersion;
    this.createdAt = about.now;
    this.status = { state: "pending", at: about.now, error: "", exitCode: undefined };
    this.desired = about.desired;
  }

  /** Id of its container, once it has one. */
  get container(): string {
    return createHash("sha256").update(this.id).digest("hex");
  }

  get image(): string {
    return this.template.image;
  }

  /** Meant to run: its desired state is not beyond `running`. */
  get runnable(): boolean {
    return this.desired === "ready" || this.desired === "running";
  }

  get placed(): boolean {
    return this.nodeId !== "";
  }

  /** It runs no more, or never will. */
  get over(): boolean {
    return rank(this.status.state) > rank("running");
  }

  /** Nobody has begun anything with it. */
  get waiting(): boolean {
    return this.status.state === "pending";
  }

  /** A node has it; it neither runs yet nor is over. */
  get underway(): boolean {
    return !this.waiting && rank(this.status.state) < rank("running");
  }

  /** In one word, as seen from its host. */
  get state(): "pending" | "starting" | "running" | "stopping" | "stopped" | "rejected" {
    if (this.status.state === "rejected") return "rejected";
    if (this.over || this.gone) return "stopped";
    if (this.waiting) return this.runnable ? "pending" : "stopped";
    if (!this.runnable) return "stopping";
    return this.status.state === "running" ? "running" : "starting";
  }
}

/** As orchestrators ask: does the task differ from what the service wants? Labels and replicas are no difference. */
export const isDirty = ({ specVersion, template, service }: Task): boolean =>
  specVersion !== service.specVersion && !isDeepStrictEqual(template, service.spec.template);
