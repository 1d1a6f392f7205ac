// From a person's request, or the schedule's, to a repair of the whole cluster.
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { errorCode } from "../aws/errors.ts";
import type { RepairTrigger } from "../events/repair-request.ts";
import type { RepairRequest } from "./repair-request.ts";
import { type Dispatched, nameAt, startFlow } from "./start.ts";
import type { EpochMillis, Log } from "./world.ts";

export interface RepairDispatcher {
  lambda: LambdaClient;
  functions: { repair: string };
  log: Log;
  now(): EpochMillis;
}

/** Requests of one second that want different things: each takes the next second's name. */
const MOST_NAMES = 10;

/** Requests of the same second for the same thing arrive at the same repair. */
export const dispatchRepair = async (
  { lambda, log, functions, now }: RepairDispatcher,
  { kind, apply }: RepairTrigger,
): Promise<Dispatched> => {
  const request: RepairRequest = { apply };
  const start = async (second: number): Promise<Dispatched> => {
    const name = { name: nameAt("repair", now() + second * 1000), running: false, closed: 0 };
    try {
      return await startFlow({ lambda, log }, functions.repair, name, request, { trigger: kind });
    } catch (error) {
      if (errorCode(error) !== "DurableExecutionAlreadyStartedException" || second + 1 === MOST_NAMES)
        throw error;
      return await start(second + 1);
    }
  };
  return await start(0);
};
