// A retirement that takes ten minutes, since filebeat's output is blocked for nine of them: on virtual time, with production's
// settings, and simulated machines. How often the flow is invoked and how long it pauses inside is exact; what an invocation
// takes besides (its own code, checkpoints, AWS calls) is measured on the real sandbox, and added.
import { createTestWorld } from "../test/flows/world.ts";
import { billedMilliseconds, costOf, type HistoryEvent } from "./history.ts";

export interface LongRetire {
  /** Event → CONTINUE. */
  seconds: number;
  operations: number;
  invocations: number;
  awsCalls: number;
  /** Lambda bills for what passes within an invocation, also for a pause between two looks at a command. */
  pausedSeconds: number;
}

const BLOCKED_SECONDS = 540;

export const longRetire = async (): Promise<LongRetire> => {
  const world = await createTestWorld();
  await world.desire(1);
  await world.rest();
  const [worker] = world.members();
  if (worker?.state !== "InService") throw new Error("No simulated worker came into service");
  const hooked = () => world.autoScaling.hooks().find(({ hook }) => hook === "retire");
  // It has served for a while and holds lines that have not been shipped.
  await world.after(200);
  const { logs } = world.machines.host(worker.id);
  logs.block();
  await world.desire(0);
  await world.until(() => hooked() !== undefined);
  const startedAt = hooked()?.startedAt ?? 0;
  await world.after(BLOCKED_SECONDS - (world.clock.now() - startedAt) / 1000);
  logs.block(false);
  await world.rest();
  const execution = world.execution(`retire-${worker.id}-0`);
  if (execution.outcome.outcome !== "retired" || execution.outcome.logs !== "shipped")
    throw new Error(`The long retirement ended otherwise: ${execution.result}`);
  const { operations, invocations } = costOf(execution.events as HistoryEvent[]);
  return {
    seconds: ((hooked()?.endedAt ?? startedAt) - startedAt) / 1000,
    operations,
    invocations: invocations.length,
    awsCalls: world.calls.filter(
      ({ time, principal }) => time >= startedAt && principal === "function:retire-node",
    ).length,
    pausedSeconds: billedMilliseconds(invocations) / 1000,
  };
};
