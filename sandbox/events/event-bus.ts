// EventBridge's default bus in one region: events are matched against a template's rules and delivered to their targets,
// with the targets' retry policies and dead-letter queues. Delivery can be disturbed, as it can be on AWS.

import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { busArn } from "../models/account.ts";
import { AwsError, type AwsEvent, type Publish } from "../ports.ts";
import type { RuleDefinition, RuleTarget } from "../template/types.ts";
import { matches } from "./pattern.ts";

/** When an event is delivered to a target, in milliseconds from now: `[0]` as it should be, `[]` lost, `[0, 0]` twice. */
export type Disturbance = (event: AwsEvent, rule: RuleDefinition) => readonly number[];

export interface Delivery {
  event: AwsEvent;
  rule: string;
  target: string;
  /** 0: the first try. */
  attempt: number;
  outcome: "delivered" | "failed" | "dead-lettered";
  error?: unknown;
}

export interface EventBusOptions {
  clock: Clock;
  account: string;
  region: string;
  rules: readonly RuleDefinition[];
  /** Hands an event to a target (a function, an alias, another bus). Throws or rejects when the delivery failed. */
  deliver: (targetArn: string, event: AwsEvent, target: RuleTarget) => void | Promise<void>;
  deadLetter: (queueArn: string, body: string, attributes: Record<string, string>) => void;
  disturbance?: Disturbance;
  /** @param lost it matched rules, and nothing of it will be delivered */
  onEvent?: (event: AwsEvent, lost: boolean) => void;
  onDelivery?: (delivery: Delivery) => void;
}

interface Attempt {
  event: AwsEvent;
  rule: RuleDefinition;
  target: RuleTarget;
  acceptedAt: number;
  number: number;
}

const undisturbed: Disturbance = () => [0];

export class EventBus {
  readonly #options: EventBusOptions;
  #disturbance: Disturbance;

  constructor(options: EventBusOptions) {
    this.#options = options;
    this.#disturbance = options.disturbance ?? undisturbed;
  }

  get region(): string {
    return this.#options.region;
  }

  get arn(): string {
    return busArn({ id: this.#options.account, region: this.region });
  }

  get rules(): readonly RuleDefinition[] {
    return this.#options.rules;
  }

  /** How deliveries are disturbed from now on; without an argument, not at all. */
  disturb(disturbance: Disturbance = undisturbed): void {
    this.#disturbance = disturbance;
  }

  /** For the sandbox's own models, which act as AWS's services. */
  readonly publish: Publish = (event) => {
    this.put({ ...this.stamp(), ...event });
  };

  /** What EventBridge adds to an event: whose it is, where and when it happened. Events carry whole seconds. */
  stamp(
    at: number = this.#options.clock.now(),
  ): Pick<AwsEvent, "version" | "id" | "account" | "region" | "time"> {
    const { account, region } = this.#options;
    const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
    return { version: "0", id: randomUUID(), account, region, time };
  }

  /** Routes a complete event; it may have come from another region, and says so. */
  put(event: AwsEvent): void {
    const acceptedAt = this.#options.clock.now();
    const routes = this.#options.rules
      .filter(({ enabled, pattern }) => enabled && pattern !== undefined && matches(pattern, event))
      .flatMap((rule) => rule.targets.map((target) => ({ rule, target })))
      .map((route) => ({ ...route, delays: this.#disturbance(event, route.rule) }));
    const lost = routes.length > 0 && routes.every(({ delays }) => delays.length === 0);
    this.#options.onEvent?.(event, lost);
    for (const { rule, target, delays } of routes) {
      for (const delay of delays) this.#later(delay, { event, rule, target, acceptedAt, number: 0 });
    }
  }

  /** Runs the scheduled rules, from one period from now on. What their targets get is no event of the bus, so nothing disturbs it. */
  runSchedules(): void {
    for (const rule of this.#options.rules) {
      if (!rule.enabled || rule.schedule === undefined) continue;
      for (const target of rule.targets) {
        const event = JSON.parse(target.input ?? "{}") as AwsEvent;
        this.#repeat(rateOf(rule.schedule), { event, rule, target });
      }
    }
  }

  #repeat(period: number, what: Pick<Attempt, "event" | "rule" | "target">): void {
    this.#options.clock.after(period, () => {
      this.#later(0, { ...what, acceptedAt: this.#options.clock.now(), number: 0 });
      this.#repeat(period, what);
    });
  }

  #later(delay: number, attempt: Attempt): void {
    this.#options.clock.after(delay, () => void this.#try(attempt));
  }

  async #try(attempt: Attempt): Promise<void> {
    const { event, target } = attempt;
    try {
      await this.#options.deliver(target.arn, event, target);
      this.#note(attempt, "delivered");
    } catch (error) {
      this.#failed(attempt, error);
    }
  }

  #failed(attempt: Attempt, error: unknown): void {
    const { target, acceptedAt, number } = attempt;
    const delay = backOff(number);
    const tooOld = this.#options.clock.now() + delay - acceptedAt > target.maximumEventAgeSeconds * 1000;
    const condition =
      number >= target.maximumRetryAttempts
        ? "MaximumRetryAttempts"
        : tooOld
          ? "MaximumEventAgeInSeconds"
          : undefined;
    if (isRetryable(error) && condition === undefined) {
      this.#note(attempt, "failed", error);
      this.#later(delay, { ...attempt, number: number + 1 });
    } else this.#giveUp(attempt, error, condition);
  }

  #giveUp(attempt: Attempt, error: unknown, condition: string | undefined): void {
    const { event, rule, target, number } = attempt;
    this.#note(attempt, "dead-lettered", error);
    if (target.deadLetterArn === undefined) return;
    this.#options.deadLetter(target.deadLetterArn, JSON.stringify(event), {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.arn,
      ERROR_CODE: error instanceof AwsError ? error.code : "SDK_CLIENT_ERROR",
      ERROR_MESSAGE: error instanceof Error ? error.message : String(error),
      RETRY_ATTEMPTS: String(number),
      ...(condition === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: condition }),
    });
  }

  #note({ event, rule, target, number }: Attempt, outcome: Delivery["outcome"], error?: unknown): void {
    const delivery: Delivery = { event, rule: rule.name, target: target.arn, attempt: number, outcome };
    this.#options.onDelivery?.(error === undefined ? delivery : { ...delivery, error });
  }
}

/** Seconds are the sandbox's own: EventBridge knows none. */
const UNITS: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** @throws Error on what is no rate: a schedule must not fail to run by accident. */
const rateOf = (schedule: string): number => {
  const [, number = "", unit = ""] = /^rate\((\d+) (second|minute|hour|day)s?\)$/.exec(schedule) ?? [];
  const milliseconds = UNITS[unit];
  if (milliseconds === undefined)
    throw new Error(`The sandbox's EventBridge does not know the schedule ${schedule}`);
  return Number(number) * milliseconds;
};

/** EventBridge backs off exponentially; it does not publish its figures. */
const backOff = (attempt: number): number => Math.min(60_000, 1000 * 2 ** attempt);

/** What will not get better, such as a function that is not there, is not tried again. */
const isRetryable = (error: unknown): boolean =>
  !(error instanceof AwsError) || error.status >= 500 || error.status === 429;
