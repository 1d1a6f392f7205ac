// The local durable executions: the real SDK's handlers, run in this process on a virtual clock.

import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { VirtualClock } from "../../sandbox/clock.ts";
import { durableClientFor, inProcessInvoke } from "../../sandbox/lambda/api-client.ts";
import { crashOnce, recordPoints } from "../../sandbox/lambda/crash-points.ts";
import { DurableService, type DurableServiceOptions } from "../../sandbox/lambda/durable-service.ts";
import type { CheckpointHooks } from "../../sandbox/lambda/execution.ts";
import { memoryJournal } from "../../sandbox/lambda/journal.ts";
import { hastenSuspension, runToEnd, runUntil } from "../../sandbox/lambda/virtual-driver.ts";

type Body = (event: { n: number }, context: DurableContext) => Promise<unknown>;

const HOUR = 3600 * 1000;

const setUp = (body: Body, more: Partial<DurableServiceOptions> = {}) => {
  const clock = new VirtualClock();
  const handler = withDurableExecution(body);
  const service: DurableService = new DurableService({
    functions: [
      { name: "flow", aliases: { durable: "1" }, executionTimeoutSeconds: 172_800, retentionDays: 7 },
      { name: "other", aliases: { durable: "1" }, executionTimeoutSeconds: 60, retentionDays: 7 },
    ],
    clock,
    invoke: inProcessInvoke(() => service, { flow: handler, other: handler }),
    ...more,
  });
  const start = (name = "one", payload = '{"n":1}', functionName = "flow") =>
    service.start({ functionName, qualifier: "durable", name, payload });
  return { clock, service, start };
};

/** A flow of steps, waits and a poll which counts how often each effect happened. */
const flowWithEffects = () => {
  const effects: string[] = [];
  const body: Body = async (event, context) => {
    await context.step("prepare", async () => effects.push("prepare"));
    await context.wait("cool down", { seconds: 30 });
    const polled = await context.waitForCondition(
      "until ready",
      async (state: number) => {
        effects.push(`check ${state}`);
        return state + 1;
      },
      {
        initialState: 0,
        waitStrategy: (state) =>
          state < 3 ? { shouldContinue: true, delay: { seconds: 60 } } : { shouldContinue: false },
      },
    );
    await context.step("finish", async () => effects.push("finish"));
    return { polled, n: event.n };
  };
  return { body, effects };
};

let undo: () => void;
beforeAll(() => {
  undo = hastenSuspension();
});
afterAll(() => undo());

describe("a durable execution", () => {
  it("runs steps, waits and polls in order, each effect once, in virtual time only", async () => {
    const { body, effects } = flowWithEffects();
    const { clock, service, start } = setUp(body);
    const begun = clock.now();
    const execution = await runToEnd(service, clock, start().arn);
    expect(execution.status).toBe("SUCCEEDED");
    expect(JSON.parse(execution.result ?? "")).toEqual({ polled: 3, n: 1 });
    expect(effects).toEqual(["prepare", "check 0", "check 1", "check 2", "finish"]);
    expect((clock.now() - begun) / 1000).toBe(30 + 2 * 60);
  });

  it("tells its history in order", async () => {
    const { clock, service, start } = setUp(flowWithEffects().body);
    const execution = await runToEnd(service, clock, start().arn);
    const told = execution.events
      .filter(({ EventType }) => EventType !== "InvocationCompleted")
      .map(({ EventType, Name }) => `${EventType} ${Name}`);
    expect(told[0]).toBe("ExecutionStarted one");
    expect(told).toContain("StepSucceeded prepare");
    expect(told).toContain("WaitSucceeded cool down");
    expect(told.filter((line) => line === "StepFailed until ready")).toHaveLength(2);
    expect(told.at(-1)).toBe("ExecutionSucceeded one");
  });

  it("polls two hours every 15 s, and no longer", async () => {
    const { clock, service, start } = setUp(async (_event, context) =>
      context.waitForCondition("poll", async (state: number) => state + 1, {
        initialState: 0,
        waitStrategy: (state) =>
          state < 480 ? { shouldContinue: true, delay: { seconds: 15 } } : { shouldContinue: false },
      }),
    );
    const begun = clock.now();
    const execution = await runToEnd(service, clock, start().arn);
    expect(execution.result).toBe("480");
    expect(clock.now() - begun).toBe(479 * 15_000);
  });

  it("suspends parallel branches together, and wakes at the earliest timer", async () => {
    const { clock, service, start } = setUp(async (_event, context) => {
      const results = await context.parallel("both", [
        async (branch) => {
          await branch.wait("short", { seconds: 10 });
          return "short";
        },
        async (branch) => {
          await branch.wait("long", { seconds: 40 });
          return "long";
        },
      ]);
      return results.getResults();
    });
    const begun = clock.now();
    const execution = await runToEnd(service, clock, start().arn);
    expect(JSON.parse(execution.result ?? "")).toEqual(["short", "long"]);
    expect(clock.now() - begun).toBe(40_000);
  });

  it("fails with the error of a step that has no retries left, and leaves a dead letter", async () => {
    const letters: string[] = [];
    const { clock, service, start } = setUp(
      async (_event, context) =>
        context.step("refused", async () => Promise.reject(new Error("no such group")), {
          retryStrategy: () => ({ shouldRetry: false }),
        }),
      { deadLetter: ({ name, status }) => void letters.push(`${name} ${status}`) },
    );
    const execution = await runToEnd(service, clock, start().arn);
    expect(execution.status).toBe("FAILED");
    expect(execution.error?.ErrorMessage).toContain("no such group");
    expect(letters).toEqual(["one FAILED"]);
  });

  it("times out by its own clock, and its last invocation can store nothing more", async () => {
    const { clock, service, start } = setUp(async (_event, context) =>
      context.wait("for ever", { hours: 10 }),
    );
    const execution = await runToEnd(service, clock, start("short-lived", "{}", "other").arn);
    expect(execution.status).toBe("TIMED_OUT");
    expect((execution.endedAt ?? 0) - execution.startedAt).toBe(60_000);
  });

  it("can be stopped while it waits", async () => {
    const { clock, service, start } = setUp(async (_event, context) =>
      context.wait("for long", { hours: 10 }),
    );
    const { arn } = start();
    await service.quiet();
    service.stop(arn);
    await clock.advance(24 * HOUR);
    expect(service.get(arn)).toMatchObject({ status: "STOPPED", invocations: 1 });
  });
});

describe("starting by name", () => {
  const quick: Body = async () => "done";

  it("returns the same execution for the same payload, while it runs and after it closed", async () => {
    const { clock, service, start } = setUp(quick);
    const first = start();
    expect(start().arn).toBe(first.arn);
    await runToEnd(service, clock, first.arn);
    expect(start().arn).toBe(first.arn);
    expect(service.executions("flow")).toHaveLength(1);
  });

  it("refuses another payload, another function, no qualifier, an unknown alias and a bad name", async () => {
    const { service, start } = setUp(quick);
    start();
    expect(() => start("one", '{"n":2}')).toThrow(
      expect.objectContaining({ code: "DurableExecutionAlreadyStartedException" }),
    );
    expect(() => start("one", '{"n":1}', "other")).toThrow(
      expect.objectContaining({ code: "DurableExecutionAlreadyStartedException" }),
    );
    const refuse = (request: object, code: string) =>
      expect(() => service.start({ functionName: "flow", payload: "{}", ...request })).toThrow(
        expect.objectContaining({ code }),
      );
    refuse({ name: "two" }, "InvalidParameterValueException");
    refuse({ name: "two", qualifier: "live" }, "ResourceNotFoundException");
    refuse({ name: "two words", qualifier: "durable" }, "InvalidParameterValueException");
    refuse({ functionName: "nobody", qualifier: "durable" }, "ResourceNotFoundException");
    await service.quiet();
  });

  it("keeps a name taken until retention ends", async () => {
    const { clock, service, start } = setUp(quick);
    const first = await runToEnd(service, clock, start().arn);
    await clock.advance(6 * 24 * HOUR);
    expect(start().arn).toBe(first.arn);
    await clock.advance(2 * 24 * HOUR);
    expect(start("one", '{"n":2}').arn).not.toBe(first.arn);
    await service.quiet();
  });
});

describe("crashes", () => {
  it("before and after each checkpoint end in the same result, and nothing stored is done twice", async () => {
    const run = async (hooks: CheckpointHooks) => {
      const { body, effects } = flowWithEffects();
      const { clock, service, start } = setUp(body, { hooks });
      return { execution: await runToEnd(service, clock, start().arn), effects };
    };
    const recorder = recordPoints();
    await run(recorder);
    expect(recorder.points).toContain("prepare:SUCCEED");
    expect(recorder.points).toContain("until ready:RETRY#2");
    for (const point of recorder.points) {
      for (const when of ["before", "after"] as const) {
        const hooks = crashOnce({ point, when });
        const { execution, effects } = await run(hooks);
        expect({
          point,
          when,
          crashed: hooks.crashed(),
          status: execution.status,
          result: execution.result,
        }).toEqual({
          point,
          when,
          crashed: true,
          status: "SUCCEEDED",
          result: '{"polled":3,"n":1}',
        });
        // A crash loses at most the step that had not been stored: one effect more than in a run without crashes.
        expect(effects.length).toBeLessThanOrEqual(6);
        expect(new Set(effects).size).toBe(5);
      }
    }
  });

  it("of the whole service are resumed from the journal, finished steps not repeated", async () => {
    const { body, effects } = flowWithEffects();
    const journal = memoryJournal();
    const first = setUp(body, { journal });
    const { arn } = first.start();
    const hasWaited = () => effects.includes("check 1");
    await runUntil([first.service], first.clock, hasWaited);
    first.service.shutDown();

    const second = setUp(body, { journal });
    await second.clock.advanceTo(first.clock.now());
    second.service.resume();
    const execution = await runToEnd(second.service, second.clock, arn);
    expect(execution.result).toBe('{"polled":3,"n":1}');
    expect(effects).toEqual(["prepare", "check 0", "check 1", "check 2", "finish"]);
    expect(second.start().arn).toBe(arn);

    const third = setUp(body, { journal });
    third.service.resume();
    expect(third.service.get(arn)).toMatchObject({ status: "SUCCEEDED", result: '{"polled":3,"n":1}' });
    expect(third.service.running()).toBe(0);
  });

  it("of a function that always throws end in FAILED after limited retries, with a dead letter", async () => {
    let invocations = 0;
    const letters: string[] = [];
    const { clock, service, start } = setUp(async () => undefined, {
      invoke: async () => {
        invocations++;
        throw new Error("Cannot find module");
      },
      maxFailuresInARow: 3,
      deadLetter: ({ name }) => void letters.push(name),
    });
    const execution = await runToEnd(service, clock, start().arn);
    expect(execution.status).toBe("FAILED");
    expect(execution.error?.ErrorMessage).toContain("Cannot find module");
    expect(invocations).toBe(4);
    expect(letters).toEqual(["one"]);
  });

  it("leave a dead letter exactly once, also when the service was killed before it could be sent", async () => {
    const journal = memoryJournal();
    const first = setUp(async () => Promise.reject(new Error("no")), { journal });
    await runToEnd(first.service, first.clock, first.start().arn);
    journal.records.splice(
      journal.records.findIndex((line) => line.includes("deadLettered")),
      1,
    );
    const letters: string[] = [];
    const deadLetter = ({ name }: { name: string }): void => void letters.push(name);
    setUp(async () => undefined, { journal, deadLetter }).service.resume();
    setUp(async () => undefined, { journal, deadLetter }).service.resume();
    expect(letters).toEqual(["one"]);
  });
});

describe("the client handed to a handler in this process", () => {
  it("moves the service's times into the machine's, so that a wait is as long for the SDK as it is virtually", async () => {
    const { clock, service, start } = setUp(async () => undefined, {
      invoke: async () => new Promise(() => {}),
    });
    const client = durableClientFor(service);
    const { arn } = start();
    await clock.advance(10 * 365 * 24 * HOUR);
    const state = await client.getExecutionState({ DurableExecutionArn: arn, CheckpointToken: "" });
    const begun = new Date(state.Operations?.[0]?.StartTimestamp ?? 0).getTime();
    expect(Math.abs(Date.now() - 10 * 365 * 24 * HOUR - begun)).toBeLessThan(60_000);
  });

  it("refuses as the SDK's own Lambda client does", async () => {
    const { service, start } = setUp(async () => undefined, { invoke: async () => new Promise(() => {}) });
    const { arn } = start();
    await expect(
      durableClientFor(service).checkpoint({
        DurableExecutionArn: arn,
        CheckpointToken: "stale",
        Updates: [],
      }),
    ).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: "Invalid Checkpoint Token",
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe("limits", () => {
  it("refuses payloads over 256 KB", async () => {
    const { clock, service, start } = setUp(async (_event, context) =>
      context.step("too much", async () => "x".repeat(256 * 1024)),
    );
    const execution = await runToEnd(service, clock, start().arn);
    expect(execution.status).toBe("FAILED");
    expect(execution.error?.ErrorMessage).toContain("262144 bytes");
  });

  it("refuses the 3,001st operation, takes nothing of that checkpoint, and hears no more of that invocation", async () => {
    let token = "";
    const { service, start } = setUp(async () => undefined, {
      invoke: async (_name, input) => {
        token = input.CheckpointToken;
        return new Promise(() => {});
      },
    });
    const { arn: DurableExecutionArn } = start();
    await new Promise((resolve) => setImmediate(resolve));
    const checkpoint = (CheckpointToken: string, count: number) =>
      service.checkpoint({
        DurableExecutionArn,
        CheckpointToken,
        Updates: Array.from({ length: count }, (_, index) => ({
          Id: `step-${index}`,
          Type: "STEP",
          Action: "START",
        })),
      });
    expect(() => checkpoint("stale", 1)).toThrow("Invalid Checkpoint Token");
    expect(() => checkpoint(token, 3000)).toThrow("3000 operations");
    expect(service.get(DurableExecutionArn).operations.size).toBe(1);
    expect(() => checkpoint(token, 1)).toThrow("Invalid Checkpoint Token");
  });
});
