// A Flow on AWS Lambda durable functions.
import { type DurableContext, type RetryDecision, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { isTransient } from "../aws/errors.ts";
import { StepFailure } from "./failure.ts";
import type { Flow } from "./flow.ts";

/** Ten attempts, waits of 1, 2, 4 … 60 s: about five minutes of throttling are sat out. */
const retryTransient = (error: Error, attempt: number): RetryDecision =>
  attempt < 10 && isTransient(error)
    ? { shouldRetry: true, delay: { seconds: Math.min(60, 2 ** (attempt - 1)) } }
    : { shouldRetry: false };

/** `…:function:retire-node:3/durable-execution/retire-i-0abc-0/<id>` → `retire-i-0abc-0`. */
const executionName = (arn: string): string => arn.split("/").at(-2) ?? arn;

const durableFlow = (context: DurableContext): Flow => ({
  name: executionName(context.executionContext.durableExecutionArn),

  step: async (name, run) => {
    try {
      return await context.step(name, run, { retryStrategy: retryTransient });
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

/** A Lambda handler that runs a flow durably. */
export const durableHandler = <Request, Outcome>(run: (flow: Flow, request: Request) => Promise<Outcome>) =>
  withDurableExecution<Request, Outcome>((request, context) => run(durableFlow(context), request));
