// A sandbox for one test file, and what its tests ask of it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../sandbox/cli/session.ts";
import { files } from "../../sandbox/cloud/configuration.ts";

/** Samples of the logs need not be ten seconds apart: the sandbox's filebeat scans every second. */
const settings = { SCAN_INTERVAL_SECONDS: "2" };

/**
 * A sandbox of its own for the tests around it: `const sandbox = withSandbox({ workers: 1 })`.
 * With HIVE_ENGINE=DIRECTORY in the environment on the Docker engine that is unpacked there (docs/sandbox.md, "Engines").
 */
export const withSandbox = (options: SandboxOptions = {}) => {
  const holder: { sandbox?: Sandbox } = {};
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "hive-"));
    holder.sandbox = await startSandbox({
      stateDirectory: directory,
      heartbeatSeconds: 30,
      ...(process.env.HIVE_ENGINE ? { engine: process.env.HIVE_ENGINE } : {}),
      ...options,
      settings: { ...settings, ...options.settings },
    });
    await holder.sandbox.settled(options.workers ?? 1);
  }, 120_000);

  afterAll(async () => {
    await holder.sandbox?.down();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  return (): Sandbox => {
    if (!holder.sandbox) throw new Error("the sandbox has not started");
    return holder.sandbox;
  };
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

/** Nothing of an instance is left: no node, no place at the load balancer, no flow. */
export const expectNothingLeft = async (sandbox: Sandbox, instanceId: string): Promise<void> => {
  const [manager] = await sandbox.managers();
  if (!manager) throw new Error("there is no manager");
  const nodes = await sandbox
    .engine(manager.instanceId)
    .get<{ Spec: { Labels?: Record<string, string> } }[]>("/nodes");
  expect(nodes.filter(({ Spec }) => Spec.Labels?.["hive.instance-id"] === instanceId)).toEqual([]);
  const { runningFlows } = await sandbox.control.status();
  expect(runningFlows.filter((flow) => flow.includes(instanceId))).toEqual([]);
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
  const collected = readFileSync(join(sandbox.stateDirectory, files.collected), "utf8");
  const shipped = [...collected.matchAll(/ request (\d+)"/g)].map(([, number]) => Number(number));
  const wanted = new Set(numbers);
  expect(shipped.filter((number) => wanted.has(number)).sort((a, b) => a - b)).toEqual([...numbers]);
};
