// One instance: made of namespaces, plugged in to the cloud's bridge, and ended as a whole.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cgroupName, createInstanceCgroup, type InstanceCgroup, killAll, removeCgroups } from "./cgroups.ts";
import { type EnginePrograms, engineIn, machineEngine } from "./engine.ts";
import { type BootTimes, defaults, type RealMachinesOptions } from "./options.ts";

const execute = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

export interface Instance {
  instanceId: string;
  group: string;
  role: "manager" | "worker";
  address: string;
  hostName: string;
  directory: string;
  cgroup: InstanceCgroup;
  /** The instance's PID 1, as the cloud sees it. */
  pid: number;
  /** Settles when nothing of the instance runs any more. */
  ended: Promise<void>;
}

export type Identity = Pick<Instance, "instanceId" | "group" | "role" | "address">;

/** Powers an instance on. Resolves when its init has taken over; its services come up by themselves. */
export async function powerOn(identity: Identity, options: RealMachinesOptions): Promise<Instance> {
  const { instanceId, address } = identity;
  const directory = join(options.stateDirectory, "instances", instanceId);
  for (const name of ["docker-data", "log"]) mkdirSync(join(directory, name), { recursive: true });
  const cgroup = createInstanceCgroup(cgroupName(options.stateDirectory), instanceId);
  const hostName = hostNameOf(address, options.region ?? defaults.region);

  const child = spawnInit({ directory, hostName, address, cgroup }, options);
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  try {
    await said(child, instanceId);
    const pid = childOf(child);
    const cable = linkName(instanceId);
    // Both ends in one go; the kernel removes them with the instance's network namespace.
    await ip(
      `link add ${cable} type veth peer name eth0 netns ${pid}`,
      `link set ${cable} master hive0`,
      `link set ${cable} up`,
    );
    child.stdin?.end("go\n");
    return { ...identity, directory, hostName, cgroup, pid, ended };
  } catch (cause) {
    killAll(cgroup.path);
    await ended;
    await removeCgroups(join(cgroupName(options.stateDirectory), instanceId));
    throw new Error(`Could not power on ${instanceId}: see ${join(directory, "console.log")}`, { cause });
  }
}

/** Cuts the power: every process of the instance is gone when this resolves. Its files stay. */
export async function powerOff(instance: Instance): Promise<void> {
  killAll(instance.cgroup.path);
  await instance.ended;
}

/** Removes what an instance without power leaves on the machine, but for its logs. */
export async function scrap(instance: Instance, stateDirectory: string): Promise<void> {
  const cable = linkName(instance.instanceId);
  // The kernel removes it too, but some time later, and the address may be wanted again by then.
  if (await linkExists(cable)) await removeLink(cable);
  await removeCgroups(join(cgroupName(stateDirectory), instance.instanceId));
  for (const name of ["docker-data", "docker.sock", "root"]) {
    await rm(join(instance.directory, name), { recursive: true, force: true });
  }
}

interface Init {
  directory: string;
  hostName: string;
  address: string;
  cgroup: InstanceCgroup;
}

function spawnInit(init: Init, options: RealMachinesOptions): ChildProcess {
  const boot: BootTimes = { ...defaults.boot, ...options.boot };
  const engine = engineOf(options.engine);
  const output = openSync(join(init.directory, "console.log"), "a");
  const unshare = ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"];
  const script = ["bash", join(here, "instance.sh"), init.directory, init.hostName, init.address];
  try {
    return spawn(
      join(here, "in-cgroup.sh"),
      [init.cgroup.processes, ...unshare, ...script, ...options.shipper],
      {
        detached: true,
        stdio: ["pipe", output, output, "pipe"],
        env: {
          PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          HIVE_MACHINES: here,
          HIVE_PROJECT: options.projectDirectory,
          HIVE_NODE_DIRECTORY: dirname(process.execPath),
          HIVE_REGISTRY: options.registry ?? defaults.registry,
          HIVE_CGROUP_PARENT: init.cgroup.containers,
          HIVE_ENGINE_DIRECTORY: engine.directory,
          HIVE_SHIPPER_DIRECTORY: options.shipperDirectory ?? "",
          HIVE_ENGINE_PROGRAMS: engine.programs.join("\n"),
          HIVE_DOCKER_AFTER: String(boot.dockerMilliseconds / 1000),
          HIVE_SHIPPER_AFTER: String(boot.shipperMilliseconds / 1000),
        },
      },
    );
  } finally {
    closeSync(output);
  }
}

/** One look is enough for all instances: it runs the daemon to see that it does run. */
const engines = new Map<string | undefined, EnginePrograms>();

function engineOf(directory: string | undefined): EnginePrograms {
  const known = engines.get(directory);
  if (known) return known;
  const found = directory === undefined ? machineEngine() : engineIn(directory);
  engines.set(directory, found);
  return found;
}

/** Resolves when the instance's first process has made its root and waits for its network. */
function said(child: ChildProcess, instanceId: string): Promise<void> {
  const ready = child.stdio[3] as Readable;
  // A process that ended takes no more input; its end is what gets reported.
  child.stdin?.on("error", () => {});
  return new Promise((done, failed) => {
    ready.once("data", () => {
      ready.destroy();
      done();
    });
    child.once("error", failed);
    child.once("exit", (code, signal) => {
      failed(new Error(`The first process of ${instanceId} ended (${signal ?? code}) before it was ready`));
    });
  });
}

/** unshare has one child, which is PID 1 of the new namespace. */
function childOf(child: ChildProcess): number {
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  if (!Number.isInteger(pid) || pid <= 0) throw new Error(`unshare, process ${child.pid}, has no child`);
  return pid;
}

/** As EC2 names machines by their address. */
export const hostNameOf = (address: string, region: string): string =>
  `ip-${address.replaceAll(".", "-")}.${region}.compute.internal`;

/** The names of links have 15 characters at most, an instance's id has 19. */
const linkName = (instanceId: string): string =>
  `hv${createHash("sha256").update(instanceId).digest("hex").slice(0, 11)}`;

async function ip(...lines: string[]): Promise<void> {
  const running = execute("ip", ["-batch", "-"]);
  running.child.stdin?.end(`${lines.join("\n")}\n`);
  await running;
}

async function linkExists(name: string): Promise<boolean> {
  const { stdout } = await execute("ip", ["-brief", "link", "show"]);
  return stdout.split("\n").some((line) => line.startsWith(`${name}@`));
}

async function removeLink(name: string): Promise<void> {
  try {
    await execute("ip", ["link", "delete", name]);
  } catch (cause) {
    // Between the look and the removal the kernel may have done it.
    if (await linkExists(name)) throw new Error(`Could not remove the link ${name}`, { cause });
  }
}
