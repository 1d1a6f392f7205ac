// The service with more replicas than there is room for, which is how it is scaled: the same push by a bare update, which never
// ends (docs/facts.md, D1), and by the operator right after it, in the state in which that one left the service.
import { names } from "../sandbox/cloud/configuration.ts";
import { docker } from "../test/sandbox/docker-client.ts";
import { updateBarely } from "./bare-update.ts";
import type { FlowMeasured } from "./operator.ts";
import { operatorRoll, readService, readTasks, runs } from "./roll-measure.ts";
import type { Stage } from "./stage.ts";

export interface OverCommitted {
  replicas: number;
  /** Tasks that have a place, and run. */
  placed: number;
  bare: {
    ended: boolean;
    seconds: number;
    /** The service's UpdateStatus then. */
    state: string;
    /** How many tasks ran the image then. */
    replaced: number;
  };
  operator: {
    outcome: string;
    because: string;
    measured: FlowMeasured;
    /** The service's replicas when the roll had ended. */
    replicas: number;
    /** From the roll's end until every place has a task of the image. */
    fullAfterSeconds: number;
  };
}

const REPLICAS = 6;
/** Several times what it takes where there is room for all. */
const LIMIT_SECONDS = 60;

export const overCommitted = async (stage: Stage, told: (line: string) => void): Promise<OverCommitted> => {
  const { sandbox, manager } = stage;
  await docker(sandbox, ["service", "scale", "--detach", `${names.service}=${REPLICAS}`], { on: manager });
  const placed = await sandbox.until("replicas that have no place", async () => {
    const tasks = await readTasks(stage);
    const running = tasks.filter(({ Status }) => Status.State === "running").length;
    return (
      tasks.length === REPLICAS &&
      tasks.every(({ Status }) => /^(running|pending)$/.test(Status.State)) &&
      running
    );
  });
  const version = "3.0.0";
  const replaced = async (digest: string) =>
    (await readTasks(stage)).filter((task) => runs(task, digest)).length;

  const { digest, image } = await sandbox.push({ version, tags: [`by-hand-${version}`] });
  const update = await updateBarely(stage, image, LIMIT_SECONDS);
  const { UpdateStatus } = await readService(stage);
  const bare = { ...update, state: UpdateStatus?.State ?? "none", replaced: await replaced(digest) };
  told(
    `over-committed, bare: ${bare.state} after ${bare.seconds.toFixed(0)} s, ${bare.replaced} of ${placed} tasks replaced`,
  );

  // The same digest, under a tag that is the operator's business.
  const { outcome, measured } = await operatorRoll(stage, () => sandbox.push({ version }));
  const replicas = (await readService(stage)).Spec.Mode.Replicated.Replicas;
  told(`over-committed, by the operator: ${outcome.outcome} after ${measured.seconds.toFixed(2)} s`);
  const ended = performance.now();
  await sandbox.until(`${placed} tasks of ${version}`, async () => (await replaced(digest)) === placed);
  const fullAfterSeconds = (performance.now() - ended) / 1000;
  return {
    replicas: REPLICAS,
    placed,
    bare,
    operator: { outcome: outcome.outcome, because: outcome.because, measured, replicas, fullAfterSeconds },
  };
};
