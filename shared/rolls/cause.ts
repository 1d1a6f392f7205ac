// Why a roll failed, found in what swarm says of its tasks and a host of its pull. The engine's texts are the only source; the
// ones below were recorded on Docker 20.10 and 26.1 (test/unit/fixtures/swarm).
import type { Explanation, ServiceFacts, TaskFailure } from "../swarm/services.ts";

export type CauseCode =
  | "no-capacity"
  | "image-missing"
  | "credentials"
  | "disk-full"
  | "start-failed"
  | "out-of-memory"
  | "unhealthy"
  | "port-taken"
  | "mount-missing"
  | "host-unreachable"
  | "no-progress"
  | "update-refused"
  /** A person has paused rolls and repairs. */
  | "paused"
  | "unknown";

export interface Cause {
  code: CauseCode;
  /** One line or a few, for a person. */
  text: string;
}

const PATTERNS: readonly (readonly [RegExp, CauseCode])[] = [
  [/: unhealthy container/i, "unhealthy"],
  [/no space left on device/i, "disk-full"],
  [/port is already allocated|address already in use|host-mode port already in use/i, "port-taken"],
  [/bind source path does not exist|invalid mount config/i, "mount-missing"],
  [/insufficient resources|no suitable node/i, "no-capacity"],
  // Before those of a pull: a start that fails says `permission denied` and `executable file not found` as well.
  [/non-zero exit|OCI runtime|starting container failed|exec format error/i, "start-failed"],
  [
    /token has expired|no basic auth credentials|not authorized|unauthorized|AccessDenied|access denied|\bdenied\b|no credentials/i,
    "credentials",
  ],
  [/manifest unknown|manifest for .* not found|no such image|not found/i, "image-missing"],
];

/** @returns undefined for a text that says nothing known. */
export const codeOf = (text: string): CauseCode | undefined =>
  PATTERNS.find(([pattern]) => pattern.test(text))?.[1];

/** Its node is there and takes tasks: what failed is the task, not the ground below it. */
export const isGuilty = ({ node, availability }: TaskFailure): boolean =>
  node === "ready" && availability === "active";

const describe = ({ task, instance, state, error, exitCode, lines }: TaskFailure): string => {
  const exit = exitCode === null || exitCode === 0 ? "" : `, exit code ${exitCode}`;
  return `task ${task} on ${instance || "a node without label"} is ${state}: ${error}${exit}${lastLines(lines)}`;
};

const lastLines = (lines: string): string => lines.trim() && `; its last lines: ${lines.trim()}`;

/**
 * What managers cannot tell: a container that is stopped as unhealthy and ends cleanly looks to them like one that ended by itself.
 * @returns the cause as its host explains it
 */
export const explainedCause = (cause: Cause, failure: TaskFailure, host: Explanation): Cause => {
  if (host.outcome === "gone") return cause;
  const where = `task ${failure.task} on ${failure.instance}`;
  const lines = lastLines(host.lines || failure.lines);
  if (host.unhealthy) {
    const probe = host.probe.trim()
      ? `its health check says: ${host.probe.trim()}`
      : "its health check fails";
    return { code: "unhealthy", text: `${where} was stopped as unhealthy; ${probe}${lines}` };
  }
  if (host.oomKilled)
    return {
      code: "out-of-memory",
      text: `${where} was killed: out of memory, exit code ${host.exitCode}${lines}`,
    };
  // The managers' doubt has been cleared up.
  const error = host.error || failure.error.replace(/ \(a container that is stopped as unhealthy.*\)$/, "");
  return { ...cause, text: `${where} ended with exit code ${host.exitCode}: ${error}${lines}` };
};

/** What the tasks say; a failure says more than a wait. @param otherwise when they say nothing. */
export const causeOf = (
  { failures, waiting, tasks, image }: Pick<ServiceFacts, "failures" | "waiting" | "tasks" | "image">,
  otherwise: Cause,
): Cause => {
  const failure = failures.find(isGuilty);
  if (failure) return { code: codeOf(failure.error) ?? "start-failed", text: describe(failure) };
  const starting = tasks.some((task) => task.state === "starting" && task.image === image);
  // A task is starting until its health check passes.
  if (starting) return { code: "unhealthy", text: "tasks start, and their health check does not pass" };
  const [wait] = waiting;
  if (wait) return { code: codeOf(wait) ?? otherwise.code, text: wait };
  return otherwise;
};

/** What a host says of its pull. */
export const pullCause = (host: string, text: string): Cause => {
  const code = codeOf(text) ?? "unknown";
  return { code: code === "start-failed" ? "unknown" : code, text: `${host}: ${text}` };
};
