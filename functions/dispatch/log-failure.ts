// Says what failed, on which event, and lets it fail: Lambda invokes twice more, then the event goes to the dead-letter queue.
import type { MiddlewareObj } from "@middy/core";
import { errorText } from "../../shared/aws/errors.ts";
import type { Log } from "../../shared/flows/world.ts";

export const logFailure = (log: Log): MiddlewareObj<unknown> => ({
  onError: ({ event, error }) => {
    // Nothing of middy's early responses: without a response the error goes on to Lambda.
    log.error("event failed", {
      cause: errorText(error),
      event: JSON.stringify(event ?? null).slice(0, 2_000),
    });
  },
});
