// Waiting for the processes of a sandbox, and for what they write when they are ready.
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Managers are up within seconds; on a machine that is busy with other sandboxes it may take this long. */
const START_MILLISECONDS = 180_000;

/** Waits for a file, and for the processes that are to write it. */
export const appears = async (
  file: string,
  processes: Record<string, ChildProcess>,
  log: string,
): Promise<void> => {
  const deadline = Date.now() + START_MILLISECONDS;
  while (!existsSync(file)) {
    expectRunning(processes, log);
    if (Date.now() > deadline) {
      throw new Error(`The sandbox was not ready after ${START_MILLISECONDS / 1000} s:\n${lastLines(log)}`);
    }
    await delay(50);
  }
};

export const expectRunning = (processes: Record<string, ChildProcess>, log: string): void => {
  for (const [name, child] of Object.entries(processes)) {
    if (child.exitCode === null && child.signalCode === null) continue;
    const how = child.signalCode ?? child.exitCode;
    throw new Error(`The sandbox's ${name} ended with ${how}:\n${lastLines(log)}`);
  }
};

const lastLines = (file: string): string =>
  readFileSync(file, "utf8").trimEnd().split("\n").slice(-25).join("\n");
