// A sandbox for one test file, and what its tests ask of it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeInstanceHealthCommand } from "@aws-sdk/client-elastic-load-balancing";
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../sandbox/cli/session.ts";
import { files, names } from "../../sandbox/cloud/configuration.ts";
import type { Engine } from "../../sandbox/cloud/engine.ts";

/** Samples of the logs need not be ten seconds apart: the sandbox's filebeat scans every second. */
const settings = { SCAN_INTERVAL_SECONDS: "2" };

interface Held {
  /** Pushes roll nothing and the schedule repairs nothing: of the swarm's services and nodes, only the tests' own commands change any. */
  paused?: boolean;
}

/**
 * A sandbox of its own for the tests around it: `const sandbox = withSandbox({ workers: 1 })`.
 * With HIVE_ENGINE=DIRECTORY in the environment on the Docker engine that is unpacked there (docs/sandbox.md, "Engines").
 */
export const withSandbox = ({ paused = false, ...options }: SandboxOptions & Held = {}) => {
  const holder: { sandbox?: Sandbox } = {};
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "hive-"));
    holder.sandbox = await startSandbox({
      stateDirectory: directory,
      heartbeatSeconds: 30,
      viz: false,
      ...(process.env.HIVE_ENGINE ? { engine: process.env.HIVE_ENGINE } : {}),
      ...options,
      settings: { ...settings, ...options.settings },
    });
    await holder.sandbox.settled(options.workers ?? 1);
    if (paused) await pause(holder.sandbox);
  });

  afterAll(async () => {
    await holder.sandbox?.down();
    rmSync(directory, { recursive: true, force: true });
  });

  return (): Sandbox => {
    if (!holder.sandbox) throw new Error("the sandbox has not started");
    return holder.sandbox;
  };
};

const pause = ({ systemsManager }: Sandbox) => {
  const Value = JSON.stringify({ why: "a test", by: "jest", at: new Date().toISOString() });
  return systemsManager.send(new PutParameterCommand({ Name: names.pause, Value, Type: "String" }));
};

/** The newest hook record of that name for an instance, once it has ended. */
export const endedHook = (sandbox: Sandbox, instanceId: string, hook: "join" | "retire", seconds?: number) =>
  sandbox.until(
    `the end of hook ${hook} of ${instanceId}`,
    async () => {
      const found = (await sandbox.control.hookRecords()).filter(
        (record) => record.instanceId === instanceId && record.hook === hook,
      );
      const last = found.at(-1);
      return last?.endedAt !== undefined && last;
    },
    seconds,
  );

/** The worker that waits in `state` and is none of `others`. */
export const workerIn = (sandbox: Sandbox, state: string, others: readonly string[] = [], seconds?: number) =>
  sandbox.until(
    `a worker in ${state}`,
    async () =>
      (await sandbox.workers()).find(
        ({ instanceId, lifecycleState }) => lifecycleState === state && !others.includes(instanceId),
      )?.instanceId,
    seconds,
  );

/** What the flow of that name ended with. */
export const outcomeOf = (sandbox: Sandbox, flow: string, seconds?: number) =>
  sandbox.until(
    `the end of ${flow}`,
    async () => {
      const found = (await sandbox.control.executions()).find(({ name }) => name === flow);
      return found?.status === "SUCCEEDED" && (JSON.parse(found.result ?? "null") as Record<string, unknown>);
    },
    seconds,
  );

/**
 * Nothing of an instance is left: no flow, no place at the load balancer, and no node, labelled or not: the swarm's workers are exactly
 * the group's workers that are in the swarm's care.
 */
export const expectNothingLeft = async (sandbox: Sandbox, instanceId: string): Promise<void> => {
  const [manager] = await sandbox.managers();
  if (!manager) throw new Error("there is no manager");
  const nodes = await sandbox
    .engine(manager.instanceId)
    .get<{ Spec: { Role: string; Labels?: Record<string, string> }; Status: { Addr: string } }[]>("/nodes");
  const workers = nodes.filter(({ Spec }) => Spec.Role === "worker");
  const alive = (await sandbox.workers()).filter((worker) => worker.instanceId !== instanceId);
  const addresses = new Set(alive.map(({ address }) => address));
  expect(workers.filter(({ Spec }) => Spec.Labels?.["hive.instance-id"] === instanceId)).toEqual([]);
  expect(workers.filter(({ Status }) => !addresses.has(Status.Addr))).toEqual([]);

  const { InstanceStates } = await sandbox.loadBalancing.send(
    new DescribeInstanceHealthCommand({ LoadBalancerName: names.loadBalancer }),
  );
  expect(InstanceStates?.map(({ InstanceId }) => InstanceId)).not.toContain(instanceId);
  const { runningFlows } = await sandbox.control.status();
  expect(runningFlows.filter((flow) => flow.includes(instanceId))).toEqual([]);
};

/** How often the collector has each line that the pattern's first group names. */
export const collectedCounts = (sandbox: Sandbox, pattern: RegExp): Map<string, number> => {
  const counts = new Map<string, number>();
  const collected = readFileSync(join(sandbox.stateDirectory, files.collected), "utf8");
  for (const line of collected.split("\n").filter(Boolean)) {
    const found = pattern.exec((JSON.parse(line) as { message: string }).message)?.[1];
    if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  return counts;
};

/** What became of a node, as the engine of a manager recorded it. */
export interface NodeEvent {
  at: number;
  node: string;
  /** `create`, `update`, `remove`. */
  action: string;
  /** What it was changed to; undefined when it was not. */
  availability: string | undefined;
}

interface EngineEvent {
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  timeNano: number;
}

/** An engine's own record of everything that was done to objects of a kind since then, in order. */
export const engineEvents = async (engine: Engine, type: string, since: number): Promise<EngineEvent[]> => {
  const filters = encodeURIComponent(JSON.stringify({ type: [type] }));
  const span = `since=${since / 1000}&until=${Date.now() / 1000}`;
  // One event a line; a single one arrives read already.
  const answer = await engine.get<string | EngineEvent>(`/events?${span}&filters=${filters}`);
  if (typeof answer !== "string") return [answer];
  const lines = answer.split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as EngineEvent);
};

/** What was done to nodes, as a manager has recorded it. */
export const nodeEvents = async (
  sandbox: Sandbox,
  managerId: string,
  since: number,
): Promise<NodeEvent[]> => {
  const events = await engineEvents(sandbox.engine(managerId), "node", since);
  return events.map(({ Action, Actor, timeNano }) => ({
    at: timeNano / 1e6,
    node: Actor.ID,
    action: Action,
    availability: Actor.Attributes["availability.new"],
  }));
};

/** Requests through the load balancer, each of which makes one log line. @returns their numbers, once all were answered. */
export const makeLines = async (sandbox: Sandbox, count: number, from = 0): Promise<number[]> => {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  for (const number of numbers) {
    const response = await fetch(`${sandbox.url}/cgi-bin/work?n=${number}`);
    await response.text();
    expect(response.status).toBe(200);
  }
  return numbers;
};

/** The collector has the line of every one of these requests, and each once. */
export const expectLinesShipped = (sandbox: Sandbox, numbers: readonly number[]): void => {
  const counts = collectedCounts(sandbox, / request (\d+)$/);
  expect(numbers.map((number) => [number, counts.get(String(number))])).toEqual(
    numbers.map((number) => [number, 1]),
  );
};
