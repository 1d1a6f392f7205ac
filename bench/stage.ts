// The sandbox as the benchmark uses it, and the moment at which something happens, without polling, which
// would cost what is measured its processor.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Sandbox, startSandbox } from "../sandbox/cli/session.ts";
import { names } from "../sandbox/cloud/configuration.ts";
import type { TimelineEntry } from "../sandbox/cloud/timeline.ts";

export type Hook = "join" | "retire";

export interface Stage {
  sandbox: Sandbox;
  manager: string;
  /** Resolves with the worker's id as soon as the group says that it came into that lifecycle state. */
  enters(state: string): Promise<string>;
  down(): Promise<void>;
}

const PATIENCE_MILLISECONDS = 90_000;

/** @param size by default no worker, and more replicas than one has room for */
export const startStage = async (
  log: (line: string) => void,
  size: { workers?: number; replicas?: number } = {},
): Promise<Stage> => {
  // Short: the path of a Unix socket has 107 bytes at most.
  const stateDirectory = mkdtempSync(join(tmpdir(), "hive-bench-"));
  const listeners = new Set<(entry: TimelineEntry) => void>();
  const remove = () => rmSync(stateDirectory, { recursive: true, force: true });
  try {
    const sandbox = await startSandbox({
      stateDirectory,
      managers: 1,
      // The stack is deployed where a node can run it: one worker comes for that.
      workers: 1,
      // Both ways of a roll would wait for a load balancer that nobody asks here, and differ less by it.
      settings: { ROLL_DELAY_SECONDS: "0" },
      ...size,
      log,
      onTimeline: (entry) => {
        for (const listener of listeners) listener(entry);
      },
    });
    const [manager] = await sandbox.managers();
    if (!manager) throw new Error("The sandbox came up without a manager");
    if (size.workers === undefined) {
      await sandbox.scale(0);
      await workersGone(sandbox);
    }
    return {
      sandbox,
      manager: manager.instanceId,
      enters: (state) =>
        new Promise((resolve, reject) => {
          const stop = () => {
            clearTimeout(timer);
            listeners.delete(listener);
          };
          const listener = ({ kind, text, instanceId }: TimelineEntry) => {
            if (kind !== "lifecycle" || instanceId === undefined || !text.includes(`→ ${state} `)) return;
            stop();
            resolve(instanceId);
          };
          const timer = setTimeout(() => {
            stop();
            reject(
              new Error(
                `No worker became ${state} within ${PATIENCE_MILLISECONDS / 1000} s; see ${stateDirectory}`,
              ),
            );
          }, PATIENCE_MILLISECONDS);
          listeners.add(listener);
        }),
      down: async () => {
        await sandbox.down();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
};

/** How a hook ended, from the group's own record. @throws when it did not end with CONTINUE, by a call. */
export const hookSpan = async ({ sandbox }: Stage, instanceId: string, hook: Hook) => {
  const record = (await sandbox.control.hookRecords()).findLast(
    (each) => each.instanceId === instanceId && each.hook === hook,
  );
  if (record?.endedAt === undefined || record.result !== "CONTINUE" || record.by !== "call")
    throw new Error(
      `Hook ${hook} of ${instanceId} ended with ${record?.result ?? "nothing"}, by ${record?.by ?? "nobody"}`,
    );
  return { startedAt: record.startedAt, endedAt: record.endedAt };
};

/** Gives the worker something to log. */
export const makeLines = async ({ sandbox }: Stage, count: number): Promise<void> => {
  for (let number = 0; number < count; number++) {
    const response = await fetch(`${sandbox.url}/cgi-bin/work?n=${number}`);
    await response.text();
    if (!response.ok) throw new Error(`The service answered ${response.status} through the load balancer`);
  }
};

/** Starts launching (1) or terminating (0) the worker. */
export const scale = ({ sandbox }: Stage, workers: 0 | 1): Promise<void> => sandbox.scale(workers);

/** Until the machine is gone, so that the next measurement has the processors for itself. */
export const workerGone = ({ sandbox }: Stage): Promise<true> => workersGone(sandbox);

const workersGone = (sandbox: Sandbox): Promise<true> =>
  sandbox.until("the end of the worker", async () => (await sandbox.workers()).length === 0 && true);

export const workerGroup = names.workerGroup;

/** Run again and again until it proves that every line was shipped. */
export const LOG_DOCUMENT = "log-state";
