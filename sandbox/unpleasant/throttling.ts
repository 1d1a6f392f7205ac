// Throttling of every API: each caller's first calls of each operation, and a share of the later ones. The sandbox's own
// operator is let through, so that whoever switches it on can still look at what comes of it.
import type { Call, Interceptor } from "../aws/handle.ts";
import { AwsError } from "../ports.ts";

export class Throttling {
  first = 0;
  every = 0;
  readonly #calls = new Map<string, number>();

  /** Begins to count afresh. */
  set(first: number, every: number): void {
    this.first = first;
    this.every = every;
    this.#calls.clear();
  }

  readonly intercept: Interceptor = async (call, next) => {
    if (call.caller.principal === "operator") return await next(call);
    const key = `${call.caller.principal} ${call.service} ${call.operation}`;
    const count = (this.#calls.get(key) ?? 0) + 1;
    this.#calls.set(key, count);
    const later = count - this.first;
    if (later <= 0 || (this.every > 0 && later % this.every === 0)) throw throttled(call);
    return await next(call);
  };
}

/** Each service says it in words of its own. */
const WORDS: Readonly<Record<string, readonly [code: string, status: number]>> = {
  autoscaling: ["Throttling", 400],
  elasticloadbalancing: ["Throttling", 400],
  lambda: ["TooManyRequestsException", 429],
  s3: ["SlowDown", 503],
  sqs: ["RequestThrottled", 400],
  sts: ["Throttling", 400],
};

const throttled = ({ service, operation }: Call): AwsError => {
  const [code, status] = WORDS[service] ?? ["ThrottlingException", 400];
  return new AwsError(code, `Rate exceeded (${operation})`, status);
};
