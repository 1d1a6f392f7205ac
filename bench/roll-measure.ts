// One roll by the operator, measured; and what the managers say of a service and its tasks, once it is over.
import { names } from "../sandbox/cloud/configuration.ts";
import type { EngineTask } from "../sandbox/cloud/engine.ts";
import type { RollOutcome } from "../shared/rolls/outcome.ts";
import { outcomes } from "../test/sandbox/rolls.ts";
import { type FlowMeasured, measureExecution } from "./operator.ts";
import type { Stage } from "./stage.ts";

export interface UpdateConfig {
  Parallelism: number;
  /** Nanoseconds. */
  Delay?: number;
  Monitor?: number;
  Order?: string;
}

interface Service {
  Spec: { Mode: { Replicated: { Replicas: number } }; UpdateConfig: UpdateConfig };
  UpdateStatus?: { State: string; Message: string };
}

export const readService = ({ sandbox, manager }: Stage): Promise<Service> =>
  sandbox.engine(manager).get<Service>(`/services/${names.service}`);

export const updateConfig = async (stage: Stage): Promise<UpdateConfig> =>
  (await readService(stage)).Spec.UpdateConfig;

type Task = EngineTask & { CreatedAt: string; Status: { Timestamp: string } };

/** Tasks of the service that are to run. */
export const readTasks = ({ sandbox, manager }: Stage): Promise<Task[]> => {
  const filters = { service: [names.service], "desired-state": ["running"] };
  return sandbox.engine(manager).get<Task[]>(`/tasks?filters=${encodeURIComponent(JSON.stringify(filters))}`);
};

export const runs = ({ Spec, Status }: EngineTask, digest: string): boolean =>
  Status.State === "running" && (Spec.ContainerSpec?.Image.endsWith(`@${digest}`) ?? false);

/** From the first task of that image that swarm made until the last one ran: the part that is swarm's own, whoever asked for it. */
export const replacingSeconds = async (stage: Stage, digest: string): Promise<number> => {
  const tasks = (await readTasks(stage)).filter((task) => runs(task, digest));
  const made = tasks.map(({ CreatedAt }) => Date.parse(CreatedAt));
  const ran = tasks.map(({ Status }) => Date.parse(Status.Timestamp));
  return (Math.max(...ran) - Math.min(...made)) / 1000;
};

const FUNCTION = "hive-swarm-dev-roll-service";
const PATIENCE_SECONDS = 300;

/** @param push resolves when the registry has the last tag, which is when a `docker push` returns */
export const operatorRoll = async (
  stage: Stage,
  push: () => Promise<{ digest: string }>,
): Promise<{ digest: string; measured: FlowMeasured; outcome: RollOutcome }> => {
  const { sandbox } = stage;
  const before = outcomes(sandbox).length;
  const { digest } = await push();
  const startedAt = Date.now();
  const outcome = await sandbox.until(
    `the outcome of ${digest.slice(0, 19)}`,
    () =>
      outcomes(sandbox)
        .slice(before)
        .find(({ image }) => image.endsWith(digest)),
    PATIENCE_SECONDS,
  );
  const measured = await measureExecution(stage, FUNCTION, outcome.roll, ({ steps }) => {
    const told = steps.findLast(({ name }) => name === "publish outcome");
    if (!told) throw new Error(`${outcome.roll} ended, and its history has no step "publish outcome"`);
    return { startedAt, endedAt: told.endedAt };
  });
  return { digest, measured, outcome };
};
