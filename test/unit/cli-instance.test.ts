// What stands behind `explain` and `retire`: times in a person's words, how far a flow has come, and what it came to.
import type { Event } from "@aws-sdk/client-lambda";
import fc from "fast-check";
import { endOfInstance } from "../../cli/instance/ends.ts";
import { flowState } from "../../cli/instance/flow-state.ts";
import { instanceSteps } from "../../cli/instance/steps.ts";
import { endsWhen } from "../../cli/instance/until.ts";
import { personOf } from "../../cli/person.ts";
import { repairSteps } from "../../cli/repair/steps.ts";
import { ago, ahead, duration, moment } from "../../cli/terminal/times.ts";
import { stepNames } from "../flows/step-names.ts";

const NOON = Date.UTC(2026, 0, 1, 12);

describe("times", () => {
  it.each([
    [0, "0 s"],
    [499, "0 s"],
    [59_600, "1 min"],
    [250_000, "4 min 10 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [3_601_000, "1 h"],
    [187_200_000, "2 d 4 h"],
    [-5_000, "0 s"],
  ])("%d ms are %s", (millis, said) => expect(duration(millis)).toBe(said));

  it("say the day only where it is another", () => {
    expect(moment(NOON, NOON)).toBe("12:00:00 UTC");
    expect(moment(NOON - 86_400_000, NOON)).toBe("2025-12-31 12:00:00 UTC");
    expect(ago(NOON - 250_000, NOON)).toBe("11:55:50 UTC (4 min 10 s ago)");
    expect(ahead(NOON + 60_000, NOON)).toBe("12:01:00 UTC (in 1 min)");
    expect(ahead(NOON - 60_000, NOON)).toBe("11:59:00 UTC (passed 1 min ago)");
  });

  it("never have more than two units, nor an empty one beside another", () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 10 }), (millis) => {
        expect(duration(millis)).toMatch(/^\d+ (s|min|h|d)( [1-9]\d* (s|min|h))?$/);
      }),
    ));
});

const event = (seconds: number, type: Event["EventType"], id: string, more: Partial<Event> = {}): Event => ({
  EventTimestamp: new Date(NOON + seconds * 1000),
  EventType: type,
  Id: id,
  Name: "agent online",
  ...more,
});
const again = (seconds: number, delay: number, attempt: number, message?: string): Event =>
  event(seconds, "StepFailed", "2", {
    StepFailedDetails: {
      Error: { Payload: message === undefined ? undefined : { ErrorMessage: message } },
      RetryDetails: { CurrentAttempt: attempt, NextAttemptDelaySeconds: delay },
    },
  });

describe("how far a flow has come", () => {
  const began = event(0, "ExecutionStarted", "arn", { Name: "join-i-0abc-0" });

  it("is its step under way, since when, how often it looked, and when it looks again", () => {
    const events = [began, event(1, "StepStarted", "2"), again(2, 5, 1), again(8, 10, 2)];
    expect(flowState(events)).toMatchObject({
      startedAt: NOON,
      step: { name: "agent online", since: NOON + 1_000, looks: 2, nextLookAt: NOON + 18_000 },
    });
  });

  it("is no step between two, and the next once it began", () => {
    const ended = event(9, "StepSucceeded", "2", {
      StepSucceededDetails: { Result: { Payload: "{}" }, RetryDetails: undefined },
    });
    const upTo = [began, event(1, "StepStarted", "2"), ended];
    expect(flowState(upTo).step).toBeUndefined();
    const next = flowState([...upTo, event(10, "StepStarted", "3", { Name: "join host" })]);
    expect(next.step).toMatchObject({ name: "join host", looks: 0 });
    expect(next.step).not.toHaveProperty("nextLookAt");
  });

  it("tells what its last look threw, harmless", () => {
    const { step } = flowState([
      began,
      event(1, "StepStarted", "2"),
      again(2, 5, 1, "Rate\u001b[2J exceeded"),
    ]);
    expect(step?.trouble).toBe("Rate exceeded");
  });

  it("of no history is nothing", () => expect(flowState([])).toEqual({ startedAt: 0, told: [] }));
});

describe("what a flow came to", () => {
  const end = (result: object) => endOfInstance({ kind: "succeeded", result: JSON.stringify(result) });

  it.each<[object, string, string]>([
    [
      { outcome: "joined", nodeId: "n1", tasks: 1, loadBalancer: "in service" },
      "good",
      "joined as node n1, 1 task, load balancer: in service",
    ],
    [
      { outcome: "joined", nodeId: "n1", tasks: 0, loadBalancer: "none" },
      "good",
      "joined as node n1, 0 tasks",
    ],
    [{ outcome: "prepared" }, "good", "prepared for the warm pool"],
    [{ outcome: "retired", logs: "shipped", details: "all" }, "good", "retired, logs: shipped"],
    [{ outcome: "retired", logs: "given up", details: "2 files" }, "bad", "retired, logs given up: 2 files"],
    [{ outcome: "retained", details: "2 files" }, "bad", "kept, its logs could not be shipped: 2 files"],
    [
      { outcome: "abandoned", step: "join host", cause: "no\nroom", untidied: [] },
      "bad",
      'abandoned at "join host": no room',
    ],
    [
      { outcome: "failed", step: "init swarm", cause: "store: denied", untidied: [] },
      "bad",
      'failed at "init swarm", and it stays as it is: store: denied',
    ],
    [{ outcome: "ignored", state: "InService" }, "left", "nothing was done: the instance is InService"],
    [{ outcome: "overtaken", state: "Terminating" }, "left", "overtaken: the instance is Terminating now"],
    [{ outcome: "something new" }, "left", "something new"],
  ])("%j", (result, standing, words) => expect(end(result)).toEqual({ standing, words }));

  it.each([undefined, "", "null", "[]", "{}", "{"])("that cannot be read is bad: %j", (result) =>
    expect(endOfInstance({ kind: "succeeded", result }).standing).toBe("bad"),
  );

  it("that failed says why", () =>
    expect(endOfInstance({ kind: "timed out", because: "two days" })).toEqual({
      standing: "bad",
      words: "its flow timed out: two days",
    }));
});

describe("steps", () => {
  it("that are described are the flows' own", async () => {
    const names = await stepNames();
    for (const known of [...Object.keys(instanceSteps), ...Object.keys(endsWhen)])
      expect(names).toContain(known);
    for (const known of Object.keys(repairSteps)) expect(names).toContain(known);
  });
});

describe("who acts", () => {
  const machine = { userName: () => "ann", hostName: () => "desk" };
  it("is a name at a machine, with the profile that AWS is asked with", () => {
    expect(personOf({}, machine)).toBe("ann@desk");
    expect(personOf({ AWS_PROFILE: "operations" }, machine)).toBe("ann@desk (profile operations)");
  });

  it("has a name where the system has none, and is a short harmless line in any case", () => {
    const nameless = {
      ...machine,
      userName: () => {
        throw new Error("no user 1000");
      },
    };
    expect(personOf({ USER: "bob" }, nameless)).toBe("bob@desk");
    expect(personOf({}, nameless)).toBe("somebody@desk");
    expect(personOf({ AWS_PROFILE: `\u001b[2J${"x".repeat(500)}` }, machine)).toMatch(
      /^ann@desk \(profile x{90,110}$/,
    );
  });
});
