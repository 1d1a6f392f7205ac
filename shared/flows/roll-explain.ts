// Asks the host of a task that failed why its container ended: the managers' words are not always enough to act on.
import { isInstanceId } from "../identifiers.ts";
import { type Cause, explainedCause, isGuilty } from "../rolls/cause.ts";
import { parseAnswer } from "../swarm/answers.ts";
import { explainAnswer, type ServiceFacts } from "../swarm/services.ts";
import { StepFailure } from "./failure.ts";
import { onInstance } from "./host.ts";
import type { Rolling } from "./roll-writes.ts";

/** The way back must not wait for long: a service runs with a task less meanwhile. */
const EXPLAIN_SECONDS = 15;

/** @returns the cause as the host tells it, or as it was where the host tells nothing. */
export const explain = async (rolling: Rolling, cause: Cause, facts: ServiceFacts): Promise<Cause> => {
  const failure = facts.failures.find((one) => isGuilty(one) && one.container !== "");
  if (!failure || !isInstanceId(failure.instance)) return cause;
  try {
    const answer = await onInstance(rolling, "explain task", failure.instance, {
      document: "explain-task",
      parameters: { container: failure.container },
      executionSeconds: EXPLAIN_SECONDS,
      deadline: rolling.lease.endedAt + EXPLAIN_SECONDS * 1000,
    });
    if (answer.kind !== "answered") return cause;
    return explainedCause(cause, failure, parseAnswer(explainAnswer, "explain-task", answer.stdout));
  } catch (error) {
    if (error instanceof StepFailure) return cause;
    throw error;
  }
};
