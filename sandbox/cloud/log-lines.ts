// Which log lines there are: those on the instances' disks, and those that the collector took.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface LogLine {
  instanceId: string;
  text: string;
}

/**
 * Every whole line in the log directories of all instances that there ever were: they outlive their machines.
 * A last line without its end is not counted; nobody has finished writing it.
 */
export const writtenLines = (stateDirectory: string): LogLine[] => {
  const instances = join(stateDirectory, "instances");
  return list(instances).flatMap((instanceId) => {
    const directory = join(instances, instanceId, "log");
    return list(directory, true)
      .filter((name) => /\.log(\.\d+)?$/.test(name))
      .flatMap((name) => wholeLines(join(directory, name)).map((text) => ({ instanceId, text })));
  });
};

/** What the collector took, in the order of arrival; lines that came twice are here twice, and an event may be several lines. */
export const shippedLines = (collectedFile: string): string[] =>
  wholeLines(collectedFile).flatMap((line) => (JSON.parse(line) as { message: string }).message.split("\n"));

/** Lines are told apart by their text: each carries the number of its own request. */
export const compareLines = (
  written: LogLine[],
  shipped: string[],
): { written: number; shipped: number; lost: string[] } => {
  const arrived = new Set(shipped);
  const lost = written.filter(({ text }) => !arrived.has(text));
  return {
    written: written.length,
    shipped: written.length - lost.length,
    lost: lost.slice(0, 5).map(({ instanceId, text }) => `${instanceId}: ${text}`),
  };
};

const wholeLines = (path: string): string[] => {
  const text = orNothing(() => readFileSync(path, "utf8"), "");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
};

const list = (path: string, recursive = false): string[] =>
  orNothing(() => readdirSync(path, { recursive, encoding: "utf8" }), []);

/** Containers come and go while one looks. */
const orNothing = <Result>(read: () => Result, nothing: Result): Result => {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return nothing;
    throw error;
  }
};
