// Delivery of events: rules, retries, dead letters, and disturbances.

import { VirtualClock } from "../../sandbox/clock.ts";
import { type Delivery, EventBus, type EventBusOptions } from "../../sandbox/events/event-bus.ts";
import { eventsModel } from "../../sandbox/events/events-model.ts";
import { AwsError, type AwsEvent, type Caller } from "../../sandbox/ports.ts";
import type { RuleDefinition } from "../../sandbox/template/types.ts";

const rule: RuleDefinition = {
  name: "launches",
  arn: "arn:aws:events:ap-northeast-1:123456789012:rule/launches",
  enabled: true,
  pattern: { source: ["aws.autoscaling"], detail: { AutoScalingGroupName: ["hive-workers"] } },
  targets: [
    {
      id: "t",
      arn: "arn:aws:lambda:…:dispatch",
      maximumRetryAttempts: 3,
      maximumEventAgeSeconds: 60,
      deadLetterArn: "arn:dlq",
    },
  ],
};
const launch = (group = "hive-workers") => ({
  source: "aws.autoscaling",
  "detail-type": "EC2 Instance-launch Lifecycle Action",
  resources: [],
  detail: { AutoScalingGroupName: group },
});
const operator: Caller = { accessKeyId: "OPERATOR", principal: "operator" };

const setUp = (more: Partial<EventBusOptions> = {}) => {
  const clock = new VirtualClock();
  const delivered: AwsEvent[] = [];
  const letters: { queue: string; body: string; attributes: Record<string, string> }[] = [];
  const deliveries: Delivery[] = [];
  const bus = new EventBus({
    clock,
    account: "123456789012",
    region: "ap-northeast-1",
    rules: [rule],
    deliver: (_arn, event) => void delivered.push(event),
    deadLetter: (queue, body, attributes) => void letters.push({ queue, body, attributes }),
    onDelivery: (delivery) => void deliveries.push(delivery),
    ...more,
  });
  return { clock, bus, delivered, letters, deliveries };
};

describe("the event bus", () => {
  it("delivers what matches a rule, complete, and nothing else", async () => {
    const { clock, bus, delivered } = setUp();
    bus.publish(launch());
    bus.publish(launch("others"));
    await clock.advance(0);
    expect(delivered).toHaveLength(1);
    expect(delivered[0]).toMatchObject({
      version: "0",
      account: "123456789012",
      region: "ap-northeast-1",
      time: "2026-01-01T00:00:00Z",
      ...launch(),
    });
  });

  it("delivers nothing for a disabled rule", async () => {
    const { clock, bus, delivered } = setUp({ rules: [{ ...rule, enabled: false }] });
    bus.publish(launch());
    await clock.advance(0);
    expect(delivered).toEqual([]);
  });

  it("tries again, and gives up into the rule's dead-letter queue with the reason", async () => {
    const { clock, bus, letters, deliveries } = setUp({
      deliver: () => {
        throw new Error("the endpoint is down");
      },
    });
    bus.publish(launch());
    await clock.advance(60_000);
    expect(deliveries.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "failed", "dead-lettered"]);
    expect(letters).toHaveLength(1);
    expect(JSON.parse(letters[0]?.body ?? "")).toMatchObject(launch());
    expect(letters[0]?.attributes).toMatchObject({
      ERROR_MESSAGE: "the endpoint is down",
      EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
      RETRY_ATTEMPTS: "3",
    });
  });

  it("gives up once the event is too old", async () => {
    const [target] = rule.targets;
    const patient = {
      ...rule,
      targets: target ? [{ ...target, maximumRetryAttempts: 100, maximumEventAgeSeconds: 60 }] : [],
    };
    const { clock, bus, letters } = setUp({
      rules: [patient],
      deliver: () => Promise.reject(new Error("down")),
    });
    bus.publish(launch());
    await clock.advance(3600_000);
    expect(letters[0]?.attributes).toMatchObject({ EXHAUSTED_RETRY_CONDITION: "MaximumEventAgeInSeconds" });
  });

  it("does not try again what will not get better", async () => {
    const { clock, bus, letters } = setUp({
      deliver: () => {
        throw new AwsError("ResourceNotFoundException", "Function not found", 404);
      },
    });
    bus.publish(launch());
    await clock.advance(0);
    expect(letters[0]?.attributes).toMatchObject({
      ERROR_CODE: "ResourceNotFoundException",
      RETRY_ATTEMPTS: "0",
    });
  });

  it("can lose, double and delay deliveries, until told otherwise", async () => {
    const { clock, bus, delivered } = setUp({ disturbance: () => [] });
    bus.publish(launch());
    await clock.advance(3600_000);
    expect(delivered).toHaveLength(0);
    bus.disturb(() => [0, 5000]);
    bus.publish(launch());
    await clock.advance(0);
    expect(delivered).toHaveLength(1);
    await clock.advance(5000);
    expect(delivered).toHaveLength(2);
    bus.disturb();
    bus.publish(launch());
    await clock.advance(0);
    expect(delivered).toHaveLength(3);
  });

  it("tells which events are lost: those that a rule matches and nobody gets", () => {
    const told: [string, boolean][] = [];
    const { bus } = setUp({
      onEvent: ({ detail }, lost) => void told.push([String(detail.AutoScalingGroupName), lost]),
    });
    bus.disturb(() => []);
    bus.publish(launch());
    bus.publish(launch("others"));
    bus.disturb(() => [9000]);
    bus.publish(launch());
    expect(told).toEqual([
      ["hive-workers", true],
      ["others", false],
      ["hive-workers", false],
    ]);
  });
});

describe("a scheduled rule", () => {
  const due = { source: "hive-swarm", "detail-type": "Repair Due", detail: {} };
  const [target] = rule.targets;
  const scheduled = (schedule: string): RuleDefinition => ({
    name: "sweeps",
    arn: "arn:rule",
    enabled: true,
    schedule,
    targets: target ? [{ ...target, input: JSON.stringify(due) }] : [],
  });

  it("hands its target's input over at its rate, whatever becomes of events", async () => {
    const { clock, bus, delivered } = setUp({
      rules: [scheduled("rate(15 minutes)")],
      disturbance: () => [],
    });
    bus.runSchedules();
    await clock.advance(15 * 60_000 - 1);
    expect(delivered).toEqual([]);
    await clock.advance(15 * 60_000 + 1);
    expect(delivered).toEqual([due, due]);
  });

  it("runs every few seconds where the sandbox says so, and refuses a schedule that it does not know", async () => {
    const { clock, bus, delivered } = setUp({ rules: [scheduled("rate(4 seconds)")] });
    bus.runSchedules();
    await clock.advance(9_000);
    expect(delivered).toHaveLength(2);
    const other = setUp({ rules: [scheduled("cron(0 3 * * ? *)")] }).bus;
    expect(() => other.runSchedules()).toThrow("does not know the schedule cron(0 3 * * ? *)");
  });
});

describe("PutEvents", () => {
  const put = (bus: EventBus, Entries: object[], caller = operator) =>
    eventsModel(bus).operations.PutEvents?.({ Entries }, caller);

  it("takes events of aws.* sources too, so that a recorded one can be replayed", async () => {
    const { clock, bus, delivered } = setUp();
    const answer = put(bus, [
      {
        Source: "aws.autoscaling",
        DetailType: "EC2 Instance-launch Lifecycle Action",
        Detail: JSON.stringify(launch().detail),
        Resources: ["arn:1"],
        Time: new Date("2026-02-01T17:18:06Z"),
      },
    ]);
    await clock.advance(0);
    expect(answer).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: delivered[0]?.id }] });
    expect(delivered[0]).toMatchObject({ time: "2026-02-01T17:18:06Z", resources: ["arn:1"] });
  });

  it("takes a function's own events, and none that only AWS may send", async () => {
    const { clock, bus, delivered } = setUp();
    const caller = { accessKeyId: "ASIA", principal: "function:roll-service" };
    const entry = { DetailType: "Service Roll Finished", Detail: "{}" };
    const answer = put(
      bus,
      [
        { ...entry, Source: "aws.ecr" },
        { ...entry, Source: "hive-swarm" },
        { ...entry, Source: "hive-swarm", EventBusName: "another" },
        { ...entry, Source: "hive-swarm", EventBusName: bus.arn },
      ],
      caller,
    );
    await clock.advance(0);
    expect(answer).toMatchObject({
      FailedEntryCount: 2,
      Entries: [
        { ErrorCode: "NotAuthorizedForSourceException" },
        { EventId: expect.any(String) },
        { ErrorCode: "ResourceNotFoundException" },
        { EventId: expect.any(String) },
      ],
    });
    expect(delivered).toEqual([]);
  });

  it("takes ten entries at most", () => {
    const { bus } = setUp();
    expect(() => put(bus, [])).toThrow("1 to 10 members");
    expect(() =>
      put(
        bus,
        Array.from({ length: 11 }, () => ({})),
      ),
    ).toThrow("1 to 10 members");
  });

  it("refuses entries one by one", async () => {
    const { clock, bus, delivered } = setUp();
    const answer = put(bus, [
      { Source: "x", DetailType: "y" },
      { Source: "x", DetailType: "y", Detail: "no json" },
      { Source: "x", DetailType: "y", Detail: "[]" },
    ]);
    await clock.advance(0);
    expect(answer).toMatchObject({
      FailedEntryCount: 3,
      Entries: [
        { ErrorCode: "InvalidArgument" },
        { ErrorCode: "MalformedDetail" },
        { ErrorCode: "MalformedDetail" },
      ],
    });
    expect(delivered).toEqual([]);
  });
});
