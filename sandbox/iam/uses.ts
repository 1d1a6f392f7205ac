// What a test run used of the roles' permissions, and what was refused to them: each process writes down what is new to it, one line
// each, and scripts/permissions.ts reads them all at the end. A process may be killed at any moment, so nothing is kept for later.
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Refusal } from "./access.ts";
import { type Grant, type Permission, permissionOf } from "./grants.ts";

/** The directory of the run, for every process below `npm test`; without it nothing is written. */
export const RECORD_DIRECTORY = "HIVE_PERMISSIONS_RECORD";

export interface Use {
  permission: Permission;
  /** Nothing else of the role allowed this call. */
  alone: boolean;
}

export interface Recorded {
  uses: Use[];
  refusals: Refusal[];
}

export interface Recorder {
  /** @param grants that allowed one request, all of them. */
  used(grants: readonly Grant[]): void;
  refused(refusal: Refusal): void;
}

const silent: Recorder = { used: () => {}, refused: () => {} };
const recorders = new Map<string, Recorder>();

/** One for each directory, however many worlds a process makes: it writes nothing twice. */
export const recorder = (directory = process.env[RECORD_DIRECTORY]): Recorder => {
  if (directory === undefined || directory === "") return silent;
  const made = recorders.get(directory) ?? recordIn(directory);
  recorders.set(directory, made);
  return made;
};

const recordIn = (directory: string): Recorder => {
  mkdirSync(directory, { recursive: true });
  // Not the process's id: each sandbox counts its own from 1.
  const file = join(directory, `${randomUUID()}.jsonl`);
  const seen = new Set<string>();
  const write = (line: object): void => {
    const text = JSON.stringify(line);
    if (seen.has(text)) return;
    seen.add(text);
    appendFileSync(file, `${text}\n`);
  };
  const together = new WeakSet<readonly Grant[]>();
  return {
    used: (grants) => {
      // Decisions are remembered, so the same answer is mostly the same array.
      if (together.has(grants)) return;
      together.add(grants);
      for (const grant of grants)
        write({ permission: permissionOf(grant), alone: grants.length === 1 } satisfies Use);
    },
    refused: (refusal) => write({ refused: refusal }),
  };
};

/** Everything that was written below these directories. Those that are not there held nothing. */
export const readRecords = (directories: readonly string[]): Recorded => {
  const lines = directories.flatMap(linesBelow).map((line) => JSON.parse(line) as Use | { refused: Refusal });
  return {
    uses: lines.flatMap((line) => ("refused" in line ? [] : [line])),
    refusals: lines.flatMap((line) => ("refused" in line ? [line.refused] : [])),
  };
};

const linesBelow = (directory: string): string[] => {
  try {
    return (
      readdirSync(directory)
        .filter((file) => file.endsWith(".jsonl"))
        .flatMap((file) => readFileSync(join(directory, file), "utf8").split("\n"))
        // Two lines may have got into one another where a process was killed in the middle of one.
        .filter((line) => line.startsWith("{") && line.endsWith("}"))
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw cause;
  }
};
