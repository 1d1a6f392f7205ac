// A Flow on AWS Lambda durable functions.
import { type DurableContext, type RetryDecision, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { errorText, isTransient } from "../aws/errors.ts";
import { stepMeasured } from "../metrics.ts";
import { StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";
import type { Log } from "./world.ts";

/** Ten attempts, waits of 1, 2, 4 … 60 s: about five minutes of throttling are sat out. */
const retryTransient = (error: Error, attempt: number): RetryDecision =>
  attempt < 10 && isTransient(error)
    ? { shouldRetry: true, delay: { seconds: Math.min(60, 2 ** (attempt - 1)) } }
    : { shouldRetry: false };

/** `…:function:retire-node:3/durable-execution/retire-i-0abc-0/<id>` → `retire-i-0abc-0`. */
const executionName = (arn: string): string => arn.split("/").at(-2) ?? arn;

/** Tells a step's end where it ends, within the step: a replay finds its result stored, and tells nothing again. */
const told = async <T>(
  log: Log,
  flow: string,
  step: string,
  run: () => Promise<T>,
  attempt: number,
): Promise<T> => {
  const began = Date.now();
  const end = (outcome: string, more: object = {}): void => {
    const seconds = Math.round((Date.now() - began) / 100) / 10;
    const record = { flow, step, outcome, seconds, ...more };
    log.info("step ended", record, stepMeasured(flow, step, seconds, outcome === "failed"));
  };
  try {
    const result = await run();
    end("done");
    return result;
  } catch (error) {
    // What passes is tried again, and is no end yet.
    const failure = error instanceof Error ? error : new Error(String(error));
    if (!retryTransient(failure, attempt).shouldRetry) end("failed", { cause: errorText(error) });
    throw error;
  }
};

const durableFlow = (context: DurableContext, flow: string, log: Log): Flow => ({
  name: flow,

  step: async (name, run) => {
    try {
      return await context.step(name, ({ attempt }) => told(log, flow, name, run, attempt), {
        retryStrategy: retryTransient,
      });
    } catch (error) {
      // The SDK's own error names neither the step nor, in its message, more than the cause.
      throw new StepFailure(name, error instanceof Error ? error.message : String(error));
    }
  },

  poll: async (name, initial, check) => {
    type Carried = { state: typeof initial; againInSeconds?: number };
    const ended = await context.waitForCondition<Carried>(name, ({ state }) => check(state), {
      initialState: { state: initial },
      waitStrategy: ({ againInSeconds }) =>
        againInSeconds === undefined
          ? { shouldContinue: false }
          : { shouldContinue: true, delay: { seconds: Math.max(1, Math.ceil(againInSeconds)) } },
    });
    return ended.state;
  },
});

/** A Lambda handler that runs a flow durably. @param log of its steps; each wait tells its own end. */
export const durableHandler = <Request, Outcome>(
  log: Log,
  run: (flow: Flow, request: Request) => Promise<Outcome>,
) =>
  withDurableExecution<Request, Outcome>((request, context) => {
    const name = executionName(context.executionContext.durableExecutionArn);
    return run(durableFlow(context, name, log), request);
  });
