// What containers of an image do in the simulation. An image that nothing is said about is a good one.
import type { Task } from "./swarmkit/task.ts";

export type ImageBehaviour =
  /** Healthy so long after its start; timings.taskStartMs unless said otherwise. */
  | { kind: "good"; startMs?: number }
  /** Ends by itself; later than its start took, it was running until then. */
  | { kind: "exits"; code: number; afterMs: number; startMs?: number; lines?: string }
  /** Its health check never succeeds: the engine stops it. One that ends cleanly then looks as if it had ended by itself. */
  | { kind: "unhealthy"; afterMs: number; endsCleanly?: boolean; lines?: string }
  /** Starts for ever. */
  | { kind: "never ready" }
  /** No container comes of it: a port that is taken, a runtime that is not there. */
  | { kind: "cannot start"; error: string };

/** One for all tasks, or one for each: the first fails and the second runs, or only on one host. */
export type Behaviours = ImageBehaviour | ((task: Task) => ImageBehaviour);

/** How it goes with a container from its start on; without either it starts for ever. */
export interface ContainerLife {
  runsAfterMs?: number;
  ends?: { afterMs: number; state: "complete" | "failed"; error: string; exitCode: number };
}

/** @param usualMs from the start to a healthy container. */
export const lifeOf = (behaviour: ImageBehaviour, usualMs: number): ContainerLife => {
  const failed = (afterMs: number, error: string, exitCode: number) =>
    ({ afterMs, state: "failed", error, exitCode }) as const;
  const ended = (afterMs: number) => ({ afterMs, state: "complete", error: "", exitCode: 0 }) as const;
  switch (behaviour.kind) {
    case "good":
      return { runsAfterMs: behaviour.startMs ?? usualMs };
    case "never ready":
      return {};
    case "cannot start":
      return { ends: failed(0, behaviour.error, 128) };
    case "unhealthy":
      return {
        ends: behaviour.endsCleanly ? ended(behaviour.afterMs) : failed(behaviour.afterMs, UNHEALTHY, 137),
      };
    case "exits": {
      const { code, afterMs, startMs = usualMs } = behaviour;
      return {
        ...(startMs < afterMs ? { runsAfterMs: startMs } : {}),
        ends: code === 0 ? ended(afterMs) : failed(afterMs, `task: non-zero exit (${code})`, code),
      };
    }
  }
};

/** What the engine says of a container that it killed for its health. */
const UNHEALTHY = "task: non-zero exit (137): dockerexec: unhealthy container";

/** `repository@digest`: an engine that holds a digest holds it under every tag. A name without a digest is its own key. */
export const imageKey = (name: string): string => {
  const [named = "", digest] = name.split("@", 2);
  if (digest === undefined) return name;
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return `${colon === -1 ? named : named.slice(0, colon)}@${digest}`;
};

/** `registry/repository`. */
export const repositoryOf = (name: string): string => {
  const [named = ""] = name.split("@", 1);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return colon === -1 ? named : named.slice(0, colon);
};

/** The digest, or all that there is. */
export const digestOf = (name: string): string => name.split("@", 2)[1] ?? name;

export class SimulatedImages {
  readonly #behaviours = new Map<string, Behaviours>();

  /** @param image any name of it; tasks that started before go on as they began. */
  behave(image: string, behaviours: Behaviours): void {
    this.#behaviours.set(digestOf(image), behaviours);
  }

  of(task: Task): ImageBehaviour {
    const behaviours = this.#behaviours.get(digestOf(task.image)) ?? { kind: "good" };
    return typeof behaviours === "function" ? behaviours(task) : behaviours;
  }
}

/** The images on a host's disk. */
export class ImageStore implements Iterable<string> {
  readonly #names = new Map<string, string>();

  add(name: string): void {
    this.#names.set(imageKey(name), name);
  }

  has(name: string): boolean {
    return this.#names.has(imageKey(name));
  }

  delete(name: string): boolean {
    return this.#names.delete(imageKey(name));
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names.values();
  }
}
