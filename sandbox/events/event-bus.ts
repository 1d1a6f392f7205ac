// EventBridge's default bus: events are matched against the template's rules and delivered to their targets, with
// the targets' retry policies and dead-letter queues. Delivery can be disturbed, as it can be on AWS.

import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { AwsError, type AwsEvent, type Publish, type ServiceModel } from "../ports.ts";
import type { RuleDefinition, RuleTarget } from "../template/types.ts";
import { matches } from "./pattern.ts";
import { readEntry } from "./put-events.ts";

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
  /** Hands an event to a target (a function's or alias' ARN). Throws or rejects when the delivery failed. */
  deliver: (targetArn: string, event: AwsEvent) => void | Promise<void>;
  deadLetter: (queueArn: string, body: string, attributes: Record<string, string>) => void;
  disturbance?: Disturbance;
  onEvent?: (event: AwsEvent) => void;
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

  /** How deliveries are disturbed from now on; without an argument, not at all. */
  disturb(disturbance: Disturbance = undisturbed): void {
    this.#disturbance = disturbance;
  }

  /** For the sandbox's own models, which act as AWS's services. */
  readonly publish: Publish = (event) => {
    const { account, region, clock } = this.#options;
    this.put({ version: "0", id: randomUUID(), account, region, time: isoSeconds(clock.now()), ...event });
  };

  /** Routes a complete event. */
  put(event: AwsEvent): void {
    this.#options.onEvent?.(event);
    const acceptedAt = this.#options.clock.now();
    for (const rule of this.#options.rules) {
      if (!rule.enabled || rule.pattern === undefined || !matches(rule.pattern, event)) continue;
      for (const target of rule.targets) {
        for (const delay of this.#disturbance(event, rule)) {
          this.#later(delay, { event, rule, target, acceptedAt, number: 0 });
        }
      }
    }
  }

  readonly model: ServiceModel = {
    signingName: "events",
    operations: {
      PutEvents: ({ Entries }: { Entries: object[] }) => {
        const { account, region, clock } = this.#options;
        const results = Entries.map((entry) => readEntry(entry, { account, region, now: clock.now() }));
        for (const result of results) if ("event" in result) this.put(result.event);
        return {
          FailedEntryCount: results.filter((result) => !("event" in result)).length,
          Entries: results.map((result) =>
            "event" in result ? { EventId: result.event.id } : result.failure,
          ),
        };
      },
      ListRules: ({ NamePrefix = "" }: { NamePrefix?: string }) => ({
        Rules: this.#options.rules.filter(({ name }) => name.startsWith(NamePrefix)).map(describeRule),
      }),
      DescribeRule: ({ Name }: { Name: string }) => describeRule(this.#rule(Name)),
      ListTargetsByRule: ({ Rule }: { Rule: string }) => ({
        Targets: this.#rule(Rule).targets.map(describeTarget),
      }),
    },
  };

  #rule(name: string): RuleDefinition {
    const rule = this.#options.rules.find((each) => each.name === name);
    if (rule !== undefined) return rule;
    throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`);
  }

  #later(delay: number, attempt: Attempt): void {
    this.#options.clock.after(delay, () => void this.#try(attempt));
  }

  async #try(attempt: Attempt): Promise<void> {
    const { event, target } = attempt;
    try {
      await this.#options.deliver(target.arn, event);
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

/** EventBridge backs off exponentially; it does not publish its figures. */
const backOff = (attempt: number): number => Math.min(60_000, 1000 * 2 ** attempt);

/** What will not get better, such as a function that is not there, is not tried again. */
const isRetryable = (error: unknown): boolean =>
  !(error instanceof AwsError) || error.status >= 500 || error.status === 429;

/** Events carry whole seconds. */
const isoSeconds = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");

const describeRule = ({ name, arn, enabled, pattern, schedule }: RuleDefinition): object => ({
  Name: name,
  Arn: arn,
  State: enabled ? "ENABLED" : "DISABLED",
  EventBusName: "default",
  ...(pattern === undefined ? {} : { EventPattern: JSON.stringify(pattern) }),
  ...(schedule === undefined ? {} : { ScheduleExpression: schedule }),
});

const describeTarget = ({
  id,
  arn,
  deadLetterArn,
  maximumRetryAttempts,
  maximumEventAgeSeconds,
}: RuleTarget): object => ({
  Id: id,
  Arn: arn,
  RetryPolicy: {
    MaximumRetryAttempts: maximumRetryAttempts,
    MaximumEventAgeInSeconds: maximumEventAgeSeconds,
  },
  ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: deadLetterArn } }),
});
