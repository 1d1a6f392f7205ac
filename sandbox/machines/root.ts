// The root of a sandbox: one process tree in its own PID and mount namespace, which ends all at once.

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cgroupName, removeCgroups } from "./cgroups.ts";
import { endRoot, findRoot, isGone, type RootHandle, rootCommand } from "./root-process.ts";

export { findRoot, type RootHandle } from "./root-process.ts";

/** A Unix socket's path may have this many bytes (`sun_path`, less its end mark). */
const socketPathBytes = 107;
/** All but namespaces and a bridge; the rest is patience for a busy machine. */
const startTimeoutMilliseconds = 15_000;
export interface StartRootOptions {
  /** End the sandbox when the process that calls this ends, however it ends. */
  dieWithParent?: boolean;
}

/**
 * Starts the root: PID 1, the cloud's network namespace with its bridge (10.78.0.1 and 169.254.169.254), and
 * `instances/` and `run/` below the state directory, empty.
 * @throws when a sandbox of this state directory runs already, or when namespaces cannot be made
 */
export async function startRoot(stateDirectory: string, options: StartRootOptions = {}): Promise<RootHandle> {
  const directory = resolve(stateDirectory);
  checkSocketPaths(directory);
  const running = findRoot(directory);
  if (running) {
    throw new Error(
      `A sandbox of ${directory} runs already (process ${running.pid}): end it with \`down\` first`,
    );
  }
  // What a sandbox before this one left: whole when it crashed, its logs when it was ended.
  await stopRoot(directory);
  await rm(join(directory, "instances"), { recursive: true, force: true });
  for (const name of ["run", "instances"]) mkdirSync(join(directory, name), { recursive: true });
  const dieWithParent = options.dieWithParent ? ["setpriv", "--pdeathsig", "KILL"] : [];
  const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const [command = "", ...rest] = [...dieWithParent, ...unshare, ...rootCommand(directory)];
  const child = spawn(command, rest, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  await firstLine(child, `start the sandbox's root for ${directory}`);
  child.unref();
  const handle = findRoot(directory);
  if (!handle) throw new Error(`The sandbox's root for ${directory} ended right after its start`);
  return handle;
}

/** Runs a command inside the sandbox, in the cloud's own network. */
export function inCloud(
  handle: RootHandle,
  argv: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const network = `/proc/${handle.pid}/root${join(handle.stateDirectory, "run/network")}`;
  return enter(handle, [`--net=${network}`], argv, options);
}

/** Runs a command inside the sandbox, so that it ends with it, but in the machine's own network. */
export function inHostNetwork(
  handle: RootHandle,
  argv: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return enter(handle, [], argv, options);
}

function enter(
  handle: RootHandle,
  namespaces: string[],
  argv: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const cwd = String(options.cwd ?? process.cwd());
  // nsenter leaves its command in the new root directory, so `env` goes back to where the caller wanted it.
  const arguments_ = [`--target=${handle.pid}`, "--mount", "--pid", ...namespaces, "--"];
  return spawn("nsenter", [...arguments_, "env", `--chdir=${cwd}`, "--", ...argv], options);
}

/**
 * Ends the sandbox of a state directory and removes what it leaves: cgroups, the instances' data, sockets.
 * Mounts, links and firewall rules live in its namespaces and go with them. Safe to call when nothing runs, and
 * after any part of the sandbox was killed. Log files of instances stay.
 */
export async function stopRoot(stateDirectory: string): Promise<void> {
  const directory = resolve(stateDirectory);
  for (let root = findRoot(directory); root; root = findRoot(directory)) {
    await endRoot(root);
  }
  await removeCgroups(cgroupName(directory));
  await rm(join(directory, "run"), { recursive: true, force: true });
  for (const instance of readNames(join(directory, "instances"))) {
    for (const name of ["docker-data", "docker.sock", "root"]) {
      await rm(join(directory, "instances", instance, name), { recursive: true, force: true });
    }
  }
}

function checkSocketPaths(directory: string): void {
  const longest = join(directory, "instances", "i-0123456789abcdef0", "docker.sock");
  const excess = Buffer.byteLength(longest) - socketPathBytes;
  if (excess > 0) {
    throw new Error(
      `The path of an instance's socket, ${longest}, is ${excess} bytes too long for a Unix socket: ` +
        "move the project to a directory with a shorter path, or name a shorter one in HIVE_SANDBOX_DIRECTORY",
    );
  }
}

/** Resolves at the first line of standard output; rejects with what was said instead. */
function firstLine(child: ChildProcess, what: string): Promise<void> {
  return new Promise((done, failed) => {
    let errors = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMilliseconds);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.stdout?.once("data", () => {
      clearTimeout(timer);
      // Nothing more is read from it, and what it holds open must not keep this process alive.
      child.stdout?.destroy();
      child.stderr?.destroy();
      done();
    });
    child.once("error", (cause) => failed(new Error(`Could not ${what}: is util-linux there?`, { cause })));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      failed(
        new Error(`Could not ${what} (${signal ?? code}): ${errors.trim()}. It needs root and namespaces`),
      );
    });
  });
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    if (isGone(cause)) return [];
    throw cause;
  }
}
