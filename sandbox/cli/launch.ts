// Starts and ends the processes of a sandbox: the root, the cloud in it, and the forwarder.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type CloudConfiguration,
  type CloudOptions,
  defaultConfiguration,
  files,
} from "../cloud/configuration.ts";
import type { TimelineEntry } from "../cloud/timeline.ts";
import { engineIn } from "../machines/engine.ts";
import { findRoot, inCloud, inHostNetwork, type RootHandle, startRoot, stopRoot } from "../machines/root.ts";
import { followTimeline } from "./control.ts";
import { appears, expectRunning } from "./processes.ts";

export const projectDirectory = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** The command line's and the demonstration's sandbox. With another directory several can run beside each other. */
export const defaultStateDirectory = resolve(
  process.env.HIVE_SANDBOX_DIRECTORY || join(projectDirectory, ".sandbox"),
);

const preferredPorts = { aws: 4566, elb: 8080 };

export interface LaunchOptions extends CloudOptions {
  stateDirectory?: string;
  /** End the sandbox when this process ends, however it ends. */
  dieWithParent?: boolean;
  onTimeline?: (entry: TimelineEntry) => void;
}

export interface Launched {
  stateDirectory: string;
  /** On 127.0.0.1. */
  ports: { aws: number; elb: number };
  /** Ends the telling of the timeline. */
  quiet(): void;
  /** Throws when the cloud has died, with the end of its log: then there is nothing left to wait for. */
  expectAlive(): void;
}

/** The sandbox of this directory runs already. */
export class AlreadyUp extends Error {}

/**
 * Resolves when the swarm is formed and the service deployed; workers may still be on their way.
 * @throws AlreadyUp; or an error with the end of the cloud's log, after everything was taken down again.
 */
export const launch = async (options: LaunchOptions): Promise<Launched> => {
  const {
    stateDirectory: given = defaultStateDirectory,
    dieWithParent = false,
    onTimeline,
    ...cloud
  } = options;
  const stateDirectory = resolve(given);
  // Absolute, since the cloud works in another directory; and looked at before anything of an old sandbox goes.
  if (cloud.engine !== undefined) cloud.engine = engineIn(cloud.engine).directory;
  await refuseIfUp(stateDirectory);
  // What a crashed one left: control groups, sockets, images, and log lines that this one did not write.
  await stopRoot(stateDirectory);
  clearState(stateDirectory);
  mkdirSync(stateDirectory, { recursive: true });
  const root = await startRoot(stateDirectory, { dieWithParent });
  const configuration = { ...defaultConfiguration, ...cloud, stateDirectory, projectDirectory };
  try {
    return await startProcesses(root, configuration, onTimeline ?? (() => {}));
  } catch (error) {
    await stopRoot(stateDirectory);
    throw error;
  }
};

/**
 * One whose cloud has died is not up, though its machines may still run: it is cleared away by the next launch.
 * @throws AlreadyUp
 */
export const refuseIfUp = async (stateDirectory: string = defaultStateDirectory): Promise<void> => {
  if (findRoot(stateDirectory) === undefined) return;
  if (!(await listens(join(stateDirectory, files.control)))) return;
  throw new AlreadyUp(
    `A sandbox is up already in ${stateDirectory}. Take it down first: npm run sandbox -- down`,
  );
};

const listens = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

/** For an interruption: a root that is just being started shows a moment later. */
export const takeDownForGood = async (stateDirectory: string = defaultStateDirectory): Promise<void> => {
  await takeDown(stateDirectory);
  await delay(300);
  await takeDown(stateDirectory);
};

/** Ends everything and leaves nothing running or mounted. Logs and the report stay. Safe when nothing is up. */
export const takeDown = async (stateDirectory: string = defaultStateDirectory): Promise<boolean> => {
  const wasUp = findRoot(stateDirectory) !== undefined;
  await stopRoot(stateDirectory);
  rmSync(join(stateDirectory, "env"), { force: true });
  rmSync(join(stateDirectory, "bin"), { recursive: true, force: true });
  return wasUp;
};

const clearState = (stateDirectory: string): void => {
  for (const name of [
    "instances",
    "s3",
    files.functionLogs,
    files.deployed,
    files.collected,
    files.timeline,
    files.log,
    "executions.jsonl",
    files.calls,
    files.answers,
    files.events,
    "registry.log",
    "load-balancer.log",
    "report.json",
  ]) {
    rmSync(join(stateDirectory, name), { recursive: true, force: true });
  }
};

const startProcesses = async (
  root: RootHandle,
  configuration: CloudConfiguration,
  onTimeline: (entry: TimelineEntry) => void,
): Promise<Launched> => {
  const { stateDirectory } = configuration;
  const at = (file: string) => join(stateDirectory, file);
  writeFileSync(at(files.configuration), JSON.stringify(configuration, undefined, 2));
  const log = openSync(at(files.log), "a");
  const stdio = {
    cwd: projectDirectory,
    detached: true,
    stdio: ["ignore", log, log] as ["ignore", number, number],
  };
  const program = (name: string) => join(projectDirectory, "sandbox", name);
  const cloud = inCloud(root, [process.execPath, program("cloud.ts"), at(files.configuration)], stdio);
  const forwarder = inHostNetwork(
    root,
    [
      process.execPath,
      program("forwarder.ts"),
      at(files.ports),
      `aws=${preferredPorts.aws}:${at(files.aws)}`,
      `elb=${preferredPorts.elb}:${at(files.loadBalancer)}`,
    ],
    stdio,
  );
  closeSync(log);
  const processes = { cloud, forwarder };
  await appears(at(files.control), processes, at(files.log));
  const quiet = followTimeline(at(files.control), onTimeline);
  try {
    await appears(at(files.ports), processes, at(files.log));
    await appears(at(files.ready), processes, at(files.log));
  } catch (error) {
    quiet();
    throw error;
  }
  // From here on they belong to the root, and this process may end without them.
  for (const child of Object.values(processes)) child.unref();
  const expectAlive = () => expectRunning(processes, at(files.log));
  return { stateDirectory, ports: readPorts(stateDirectory), quiet, expectAlive };
};

/** The ports of a running sandbox. */
export const readPorts = (stateDirectory: string): Launched["ports"] =>
  JSON.parse(readFileSync(join(stateDirectory, files.ports), "utf8")) as Launched["ports"];
