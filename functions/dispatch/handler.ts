// The entry of `dispatch`: an event from EventBridge (or a person) starts a flow by name.
import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { LambdaClient } from "@aws-sdk/client-lambda";
import middy from "@middy/core";
import { readConfig } from "../../shared/config/config.ts";
import { parseEvent } from "../../shared/events/parse.ts";
import { dispatch } from "../../shared/flows/dispatch.ts";
import { createLog } from "../../shared/log.ts";
import { logFailure } from "./log-failure.ts";

const config = readConfig(process.env);
const log = createLog("dispatch", config);
// Twice as many as the SDK's own: a fleet that is launched at once is throttled for seconds, and Lambda's next try comes
// only a minute later.
const maxAttempts = 6;
const dispatcher = {
  autoScaling: new AutoScalingClient({ maxAttempts }),
  lambda: new LambdaClient({ maxAttempts }),
  config,
  functions: {
    join: process.env.JOIN_FUNCTION ?? "",
    retire: process.env.RETIRE_FUNCTION ?? "",
    roll: process.env.ROLL_FUNCTION ?? "",
    plan: process.env.PLAN_FUNCTION ?? "",
    repair: process.env.REPAIR_FUNCTION ?? "",
    backup: process.env.BACKUP_FUNCTION ?? "",
  },
  log,
  now: () => Date.now(),
};

export const handler = middy()
  .use(logFailure(log))
  .handler((event: unknown) => dispatch(dispatcher, parseEvent(event)));
