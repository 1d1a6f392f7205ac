// The root of a sandbox as a process: how to know it among all others, and how to end it with all that is in it.

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const rootScript = fileURLToPath(new URL("./root.sh", import.meta.url));

/** The kernel ends a PID namespace at once; the time goes into tearing down its networks and mounts. */
const stopTimeoutMilliseconds = 30_000;

export interface RootHandle {
  stateDirectory: string;
  /** The sandbox's PID 1, as it is numbered outside the sandbox. */
  pid: number;
}

/** The command line of a sandbox's PID 1, which names its state directory. */
export const rootCommand = (stateDirectory: string): string[] => [
  "docker-init",
  "--",
  "bash",
  rootScript,
  resolve(stateDirectory),
];

/**
 * Looks for the root of a state directory in the process table: no record on disk could be stale, lost, or name
 * a process of somebody else. What counts is our own script with this very directory as the argument of a
 * process that is PID 1 of its namespace.
 */
export function findRoot(stateDirectory: string): RootHandle | undefined {
  const directory = resolve(stateDirectory);
  const wanted = rootCommand(directory).join("\0");
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, "utf8") !== `${wanted}\0`) continue;
      const numbers = /^NSpid:\s+(.*)$/m
        .exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]
        ?.split(/\s+/);
      if (numbers && numbers.length > 1 && numbers.at(-1) === "1") {
        return { stateDirectory: directory, pid: Number(name) };
      }
    } catch (cause) {
      if (!isGone(cause)) throw cause;
    }
  }
  return undefined;
}

/** Ends a sandbox and waits: a PID 1 leaves the process table only after everything in its namespace. */
export async function endRoot({ pid }: RootHandle): Promise<void> {
  kill(pid);
  const deadline = Date.now() + stopTimeoutMilliseconds;
  while (isRunning(pid)) {
    if (Date.now() > deadline) {
      throw new Error(
        `The sandbox's root, process ${pid}, was killed but is still there after ${stopTimeoutMilliseconds / 1000} s: ` +
          "a process in it hangs in the kernel (look for state D in `ps aux`)",
      );
    }
    await delay(10);
  }
}

/** A zombie counts as gone: in a container without an init nobody collects it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch (cause) {
    if (isGone(cause)) return false;
    throw cause;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (cause) {
    if (!isGone(cause))
      throw new Error(`Could not end the sandbox's root, process ${pid}: not root?`, { cause });
  }
}

/** Whether an error only says that a file or process is no longer there. */
export function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ESRCH";
}
