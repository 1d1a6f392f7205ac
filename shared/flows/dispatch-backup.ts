// From the schedule, or a person's request, to a backup. While one is under way every trigger arrives at it: two at the same time could
// each stop a manager.
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { runningExecutions } from "../aws/executions.ts";
import type { BackupDue } from "../events/backup-request.ts";
import { type Dispatched, nameFor, startFlow } from "./start.ts";
import type { Log } from "./world.ts";

export interface BackupDispatcher {
  lambda: LambdaClient;
  functions: { backup: string };
  log: Log;
}

/** The payload is the same for all of them: a start with the same name and another one would be refused. */
export const dispatchBackup = async (
  { lambda, log, functions }: BackupDispatcher,
  trigger: BackupDue,
): Promise<Dispatched> => {
  const [running] = await runningExecutions(lambda, functions.backup);
  const name = running
    ? { name: running.name, running: true, closed: 0 }
    : // By count, so that two who ask at the same moment find the same name.
      await nameFor(lambda, functions.backup, "backup");
  return await startFlow({ lambda, log }, functions.backup, name, {}, { trigger: trigger.kind });
};
