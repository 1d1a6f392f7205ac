// What a sandbox can leave on the machine that it runs on. Read from the kernel, without the sandbox's own code, which would
// be blind where it forgets.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupName } from "../../sandbox/machines/cgroups.ts";

export interface RunningProcess {
  pid: number;
  parent: number;
  /** The program and its arguments. */
  words: string[];
  /** Clock ticks since boot: a number that is given out again is told from the process that had it. */
  startedAt: string;
}

/** All processes of the machine that have a command line; those of the kernel have none, and zombies have none any more. */
const processes = (): RunningProcess[] =>
  readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
      // The second field is the program's name in brackets, and may itself hold spaces and brackets.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      if (words.length === 0) return [];
      return [{ pid: Number(name), parent: Number(fields[1]), words, startedAt: fields[19] ?? "" }];
    } catch (error) {
      if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
      throw error;
    }
  });

/** Processes that name the directory, and all below them. */
export const processesOf = (directory: string): RunningProcess[] => {
  const all = processes().filter(({ pid }) => pid !== process.pid);
  const found = new Set(all.filter(({ words }) => words.some((word) => word.includes(directory))));
  // A set that grows while it is walked is walked to its end.
  for (const { pid } of found) for (const child of all) if (child.parent === pid) found.add(child);
  return [...found];
};

/** Those of `earlier` that still run. */
export const survivorsOf = (earlier: readonly RunningProcess[]): RunningProcess[] =>
  processes().filter(({ pid, startedAt }) =>
    earlier.some((one) => one.pid === pid && one.startedAt === startedAt),
  );

/** Control groups of the sandbox in this directory, in every hierarchy. */
export const controlGroupsOf = (directory: string): string[] => {
  const base = "/sys/fs/cgroup";
  const below = (path: string) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name));
  const top = below(base);
  return [...top, ...top.flatMap(below)].filter((path) => path.endsWith(`/${cgroupName(directory)}`));
};

/** Mounts, network links, firewall rules and named network namespaces of the machine itself. */
export const hostState = (): string[] => {
  const answer = (command: string, ...words: string[]) =>
    execFileSync(command, words, { encoding: "utf8" }).split("\n");
  return [
    ...readFileSync("/proc/mounts", "utf8").split("\n"),
    ...answer("ip", "-brief", "link").map((line) => line.split(/\s/, 1)[0] ?? ""),
    ...answer("ip", "netns"),
    // Comments hold the time, and counters move by themselves.
    ...answer("iptables-save").filter((line) => line.startsWith("-")),
  ].sort();
};
