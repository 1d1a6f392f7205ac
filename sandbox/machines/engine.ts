// Which Docker engine the instances run: its programs, wherever they stand, and whether they run on this machine.

import { execFileSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export interface EnginePrograms {
  /** The directory that the engine was looked for in. */
  directory: string;
  /** Absolute paths. What an engine does not bring (runc, say) is the machine's own. */
  programs: string[];
  /** As the daemon says it: `26.1.5+dfsg1`. */
  version: string;
}

/** The daemon alone must be there. With it belongs the `docker` command: the documents use it, and it must fit. */
const names = [
  "dockerd",
  "docker",
  "docker-init",
  "docker-proxy",
  "containerd",
  "containerd-shim",
  "containerd-shim-runc-v1",
  "containerd-shim-runc-v2",
  "ctr",
  "runc",
];

/** Docker's own archives have all programs in one directory; an unpacked package or a prefix has these. */
const places = [".", "bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"];

/** Where a Debian machine's own daemon can stand, in the order of its path. */
const machinePath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];

/**
 * Finds the engine in a directory: an unpacked archive, unpacked packages, or a prefix such as `/usr/local`.
 * @throws when there is no daemon, or when it does not run on this machine
 */
export function engineIn(directory: string): EnginePrograms {
  const at = resolve(directory);
  const programs = programsIn(at);
  const daemon = programs.find((path) => path.endsWith("/dockerd"));
  if (!daemon) {
    throw new Error(
      `There is no Docker engine in ${at}: no program dockerd in it, nor in ${places.slice(1).join(", ")} below it. ` +
        "Name the directory of an unpacked engine; `npm run engine` fetches one",
    );
  }
  return { directory: at, programs, version: versionOf(daemon) };
}

/**
 * The programs of the machine's own engine: those that stand with its daemon, so that another `docker` earlier on the
 * path (a newer client, a shim) is not taken for the engine's.
 */
export function machineEngine(): EnginePrograms {
  const daemon = machinePath.map((place) => join(place, "dockerd")).find(isProgram);
  if (!daemon) throw new Error(`There is no dockerd in ${machinePath.join(", ")}: apt-get install docker.io`);
  return engineIn(dirname(dirname(daemon)));
}

const programsIn = (directory: string): string[] =>
  names.flatMap((name) => {
    const found = places.map((place) => join(directory, place, name)).find(isProgram);
    return found === undefined ? [] : [found];
  });

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return false;
    throw error;
  }
}

function versionOf(daemon: string): string {
  let said: string;
  try {
    said = execFileSync(daemon, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (cause) {
    throw new Error(
      `${daemon} does not run on this machine: is it for another architecture, or does it need newer libraries?`,
      { cause },
    );
  }
  const version = /version ([^\s,]+)/.exec(said)?.[1];
  if (version === undefined) throw new Error(`${daemon} --version says no version: ${said.trim()}`);
  return version;
}
