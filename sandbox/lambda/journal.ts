// What must survive a crash of the whole sandbox: an append-only file of JSON lines.

import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { dirname } from "node:path";

export interface Journal {
  /** Returns once the record would survive a kill of this process. */
  append(record: unknown): void;
  /** What earlier lives of the process wrote, oldest first. */
  read(): unknown[];
}

/** Appends go through the kernel's page cache: a killed process loses nothing, a power failure may. */
export const fileJournal = (path: string): Journal => {
  mkdirSync(dirname(path), { recursive: true });
  return {
    append: (record) => appendFileSync(path, `${JSON.stringify(record)}\n`),
    read: () => {
      if (!existsSync(path)) return [];
      const text = readFileSync(path, "utf8");
      // A process killed while it wrote leaves a line without its end: that record was never acknowledged.
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
      return whole
        .split("\n")
        .filter(Boolean)
        .map((line, index) => parseLine(path, index + 1, line));
    },
  };
};

/** For tests: a journal that outlives the service that writes it. */
export const memoryJournal = (): Journal & { records: string[] } => {
  const records: string[] = [];
  return {
    records,
    append: (record) => {
      records.push(JSON.stringify(record));
    },
    read: () => records.map((line) => JSON.parse(line)),
  };
};

const parseLine = (path: string, number: number, line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(`Line ${number} of the journal ${path} is not JSON. Remove the file to start afresh.`, {
      cause,
    });
  }
};
