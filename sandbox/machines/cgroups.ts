// The control groups of a sandbox: to end or freeze an instance as a whole, and to leave no folder behind.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const base = "/sys/fs/cgroup";
/** Ended processes hold their group for a moment longer. */
const removalTimeoutMilliseconds = 10_000;

/** The name of a sandbox's folder in each hierarchy: another clone has another one. */
export function cgroupName(stateDirectory: string): string {
  return `hive-${createHash("sha256").update(resolve(stateDirectory)).digest("hex").slice(0, 8)}`;
}

/**
 * The version 2 hierarchy: alone on newer systems, beside the version 1 controllers (as `unified`) on hybrid
 * ones. `cgroup.kill` and `cgroup.freeze` exist only there.
 * @throws when the machine has neither
 */
function unifiedHierarchy(): string {
  for (const path of [base, join(base, "unified")]) {
    if (existsSync(join(path, "cgroup.controllers"))) return path;
  }
  throw new Error(
    `No cgroup version 2 hierarchy below ${base}: mount one, \`mount -t cgroup2 none ${base}/unified\``,
  );
}

export interface InstanceCgroup {
  /** The instance's whole group. */
  path: string;
  /** Where its processes start; version 2 allows no processes beside child groups. */
  processes: string;
  /** dockerd's `--cgroup-parent`, for its containers. */
  containers: string;
}

/** Makes the group of an instance. */
export function createInstanceCgroup(name: string, instanceId: string): InstanceCgroup {
  const path = join(unifiedHierarchy(), name, instanceId);
  const processes = join(path, "system");
  try {
    mkdirSync(processes, { recursive: true });
  } catch (cause) {
    throw new Error(`Could not make the control group ${processes}: it needs root and a writable ${base}`, {
      cause,
    });
  }
  return { path, processes, containers: join("/", name, instanceId, "containers") };
}

/** Freezes or thaws everything in a group. Frozen processes can still be killed. */
export function setFrozen(group: InstanceCgroup, frozen: boolean): void {
  writeFileSync(join(group.path, "cgroup.freeze"), frozen ? "1" : "0");
}

/** Ends everything in a group, like a power cut. */
export function killAll(path: string): void {
  if (existsSync(join(path, "cgroup.kill"))) writeFileSync(join(path, "cgroup.kill"), "1");
}

/** Removes the folders of a name (`hive-1234abcd`, or `hive-1234abcd/i-0…` for one instance) everywhere. */
export async function removeCgroups(name: string): Promise<void> {
  const hierarchies = existsSync(base)
    ? [base, ...directoriesIn(base).map((child) => join(base, child))]
    : [];
  for (const hierarchy of hierarchies) {
    const path = join(hierarchy, name);
    if (!existsSync(path)) continue;
    killAll(path);
    const deadline = Date.now() + removalTimeoutMilliseconds;
    for (let error = removeTree(path); error !== undefined; error = removeTree(path)) {
      if (Date.now() > deadline) {
        throw new Error(`Could not remove the control group ${path}: something still runs in it`, {
          cause: error,
        });
      }
      await delay(20);
    }
  }
}

/** Groups are removed folder by folder, the innermost first; their files cannot be removed. */
function removeTree(path: string): Error | undefined {
  try {
    for (const child of directoriesIn(path)) {
      const error = removeTree(join(path, child));
      if (error) return error;
    }
    rmdirSync(path);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return error as Error;
  }
}

const directoriesIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
