// EventBridge's API over the default buses of the regions: a call reaches the bus of the region that it is signed for.

import { AwsError, type Caller, type ServiceModel } from "../ports.ts";
import type { RuleDefinition, RuleTarget } from "../template/types.ts";
import type { EventBus } from "./event-bus.ts";
import { type Entry, readEntry } from "./put-events.ts";

/** That EventBridge takes in one call. */
const MOST_ENTRIES = 10;

/** @param buses the first one is where a caller without a region is */
export const eventsModel = (...buses: readonly [EventBus, ...EventBus[]]): ServiceModel => {
  const busOf = ({ region = buses[0].region }: Caller): EventBus => {
    const found = buses.find((bus) => bus.region === region);
    if (found !== undefined) return found;
    const known = buses.map((bus) => bus.region).join(", ");
    throw new AwsError(
      "InvalidAction",
      `The sandbox has no EventBridge in ${region}; it has one in ${known}.`,
    );
  };
  const ruleOf = (name: string, caller: Caller): RuleDefinition => {
    const rule = busOf(caller).rules.find((each) => each.name === name);
    if (rule !== undefined) return rule;
    throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`);
  };
  return {
    signingName: "events",
    operations: {
      PutEvents: ({ Entries }: { Entries: Entry[] }, caller: Caller) => {
        if (Entries.length === 0 || Entries.length > MOST_ENTRIES) {
          throw new AwsError(
            "ValidationException",
            `Value at 'entries' failed to satisfy constraint: 1 to ${MOST_ENTRIES} members, not ${Entries.length}`,
          );
        }
        const bus = busOf(caller);
        const results = Entries.map((entry) => readEntry(entry, bus, caller));
        for (const result of results) if ("event" in result) bus.put(result.event);
        return {
          FailedEntryCount: results.filter((result) => !("event" in result)).length,
          Entries: results.map((result) =>
            "event" in result ? { EventId: result.event.id } : result.failure,
          ),
        };
      },
      ListRules: ({ NamePrefix = "" }: { NamePrefix?: string }, caller: Caller) => ({
        Rules: busOf(caller)
          .rules.filter(({ name }) => name.startsWith(NamePrefix))
          .map(describeRule),
      }),
      DescribeRule: ({ Name }: { Name: string }, caller: Caller) => describeRule(ruleOf(Name, caller)),
      ListTargetsByRule: ({ Rule }: { Rule: string }, caller: Caller) => ({
        Targets: ruleOf(Rule, caller).targets.map(describeTarget),
      }),
    },
  };
};

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
  roleArn,
  deadLetterArn,
  maximumRetryAttempts,
  maximumEventAgeSeconds,
}: RuleTarget): object => ({
  Id: id,
  Arn: arn,
  ...(roleArn === undefined ? {} : { RoleArn: roleArn }),
  RetryPolicy: {
    MaximumRetryAttempts: maximumRetryAttempts,
    MaximumEventAgeInSeconds: maximumEventAgeSeconds,
  },
  ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: deadLetterArn } }),
});
