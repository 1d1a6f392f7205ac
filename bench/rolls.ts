// Rolls of one service, each to a new image: by the operator from the push on, and by a bare `docker service update`, in turn; then
// the over-committed service, which only one of the two can roll.
import { join } from "node:path";
import { projectDirectory } from "../sandbox/cli/launch.ts";
import { names } from "../sandbox/cloud/configuration.ts";
import { PACKAGE_DIRECTORY } from "../sandbox/template/packaging.ts";
import { readTemplate } from "../sandbox/template/template.ts";
import { clientLogsIn, updateBarely } from "./bare-update.ts";
import type { FlowMeasured } from "./operator.ts";
import { type OverCommitted, overCommitted } from "./over-committed.ts";
import { operatorRoll, replacingSeconds, type UpdateConfig, updateConfig } from "./roll-measure.ts";
import type { Stage } from "./stage.ts";

/** One task each: the service is not over-committed. */
export const ROLL_WORKERS = 3;

export interface OperatorRoll extends FlowMeasured {
  /** From the first task of the image that swarm made until the last one ran. */
  replacingSeconds: number;
}

export interface BareRoll {
  /** Until the client returns. */
  seconds: number;
  replacingSeconds: number;
}

export interface Rolls {
  workers: number;
  replicas: number;
  updateConfig: UpdateConfig;
  settleSeconds: number;
  /** The very first one, which starts the function's process and gives the service its UpdateConfig. */
  first: OperatorRoll;
  operator: OperatorRoll[];
  bare: BareRoll[];
  overCommitted: OverCommitted;
}

/** A bare update that takes longer hangs, and nothing of this can be compared. */
const MOST_SECONDS = 300;

/** How long a push waits for more tags of its image: as the packaged template says. */
const settleSeconds = (): number => {
  const { account, region } = names;
  const { functions } = readTemplate(join(projectDirectory, PACKAGE_DIRECTORY), { account, region });
  const roll = functions.find(({ name }) => name.endsWith("-roll-service"));
  return Number(roll?.environment.ROLL_SETTLE_SECONDS);
};

/** Neither way finds the image on any host: the operator has it pulled there, bare each task pulls its own. */
const byOperator = async (stage: Stage, version: string): Promise<OperatorRoll> => {
  const { sandbox } = stage;
  const roll = await operatorRoll(stage, () => sandbox.push({ version }));
  if (roll.outcome.outcome !== "converged")
    throw new Error(`The roll to ${version} ended as ${roll.outcome.outcome}: ${roll.outcome.because}`);
  return { ...roll.measured, replacingSeconds: await replacingSeconds(stage, roll.digest) };
};

const barely = async (stage: Stage, version: string): Promise<BareRoll> => {
  // A tag that rolls nothing, so that the operator leaves it alone.
  const { digest, image } = await stage.sandbox.push({ version, tags: [`by-hand-${version}`] });
  const { seconds, ended } = await updateBarely(stage, image, MOST_SECONDS);
  if (!ended)
    throw new Error(`docker service update did not end within ${MOST_SECONDS} s: see ${names.service}`);
  return { seconds, replacingSeconds: await replacingSeconds(stage, digest) };
};

/** @param told of each roll as it ends */
export const rolled = async (
  stage: Stage,
  repetitions: number,
  told: (line: string) => void,
): Promise<Rolls> => {
  await stage.sandbox.settled(ROLL_WORKERS);
  await clientLogsIn(stage);
  const text = ({ seconds }: { seconds: number }) => `${seconds.toFixed(2)} s`;
  const first = await byOperator(stage, "2.0.0");
  told(`first roll, by the operator: ${text(first)}`);
  const config = await updateConfig(stage);
  const rolls = { first, operator: [] as OperatorRoll[], bare: [] as BareRoll[] };

  const operator = async (count: number): Promise<void> => {
    const roll = await byOperator(stage, `2.${count}.1`);
    rolls.operator.push(roll);
    told(`${count}/${repetitions} by the operator: ${text(roll)}`);
  };
  const bare = async (count: number): Promise<void> => {
    const roll = await barely(stage, `2.${count}.2`);
    rolls.bare.push(roll);
    told(`${count}/${repetitions} bare: ${text(roll)}`);
  };
  for (let count = 1; count <= repetitions; count++) {
    // In turn first, so that whatever changes on the machine meanwhile favours neither.
    const order = count % 2 === 0 ? [bare, operator] : [operator, bare];
    for (const run of order) await run(count);
  }
  if (JSON.stringify(await updateConfig(stage)) !== JSON.stringify(config))
    throw new Error("The service's UpdateConfig changed on the way: the rolls cannot be compared");
  return {
    workers: ROLL_WORKERS,
    replicas: ROLL_WORKERS,
    updateConfig: config,
    settleSeconds: settleSeconds(),
    ...rolls,
    overCommitted: await overCommitted(stage, told),
  };
};
