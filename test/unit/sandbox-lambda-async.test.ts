// Asynchronous invocations on a virtual clock, and the whole way of an event: bus, dispatcher, durable execution.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { createHandle } from "../../sandbox/aws/handle.ts";
import { inProcessClient } from "../../sandbox/aws/in-process.ts";
import { VirtualClock } from "../../sandbox/clock.ts";
import { EventBus } from "../../sandbox/events/event-bus.ts";
import { inProcessInvoke } from "../../sandbox/lambda/api-client.ts";
import { AsyncInvocations, type AsyncInvocationsOptions } from "../../sandbox/lambda/async-invocations.ts";
import { deadLetterOf, durableFunctions } from "../../sandbox/lambda/durable-functions.ts";
import { DurableService } from "../../sandbox/lambda/durable-service.ts";
import { fileJournal, memoryJournal } from "../../sandbox/lambda/journal.ts";
import { lambdaModel } from "../../sandbox/lambda/lambda-model.ts";
import { runUntil } from "../../sandbox/lambda/virtual-driver.ts";
import type { FunctionDefinition } from "../../sandbox/template/types.ts";

const definition = (name: string, more: Partial<FunctionDefinition> = {}): FunctionDefinition => ({
  logicalId: name,
  name,
  arn: `arn:aws:lambda:ap-northeast-1:123456789012:function:${name}`,
  handler: `dist/${name}.handler`,
  timeoutSeconds: 10,
  memoryMegabytes: 256,
  environment: {},
  roleArn: "arn:aws:iam::123456789012:role/r",
  aliases: {},
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 3600,
  deadLetterArn: "arn:dead",
  ...more,
});

const setUp = (more: Partial<AsyncInvocationsOptions> = {}) => {
  const clock = new VirtualClock();
  const tries: number[] = [];
  const letters: { queue: string; body: string; attributes: Record<string, string> }[] = [];
  const begun = clock.now();
  const invocations = new AsyncInvocations({
    clock,
    functions: [definition("dispatch")],
    invoke: async () => {
      tries.push((clock.now() - begun) / 1000);
      throw new Error("refused");
    },
    send: (queue, body, attributes) => void letters.push({ queue, body, attributes }),
    ...more,
  });
  return { clock, invocations, tries, letters };
};

describe("an asynchronous invocation", () => {
  it("is tried again after one and two minutes, and then is a dead letter", async () => {
    const { clock, invocations, tries, letters } = setUp();
    invocations.accept("dispatch", '{"a":1}');
    await clock.advance(3600_000);
    expect(tries).toEqual([0, 60, 180]);
    expect(letters).toEqual([
      {
        queue: "arn:dead",
        body: '{"a":1}',
        attributes: expect.objectContaining({ ErrorMessage: "refused" }),
      },
    ]);
    expect(invocations.unfinished()).toBe(0);
  });

  it("is given up when it would be too old", async () => {
    const functions = [definition("dispatch", { maximumEventAgeSeconds: 90 })];
    const { clock, invocations, tries, letters } = setUp({ functions });
    invocations.accept("dispatch", "{}");
    await clock.advance(3600_000);
    expect(tries).toEqual([0, 60]);
    expect(letters).toHaveLength(1);
  });

  it("survives a kill of the whole service, until it was handled once", async () => {
    const journal = memoryJournal();
    setUp({ journal, invoke: () => new Promise(() => {}) }).invocations.accept("dispatch", '{"a":1}');
    const handled: unknown[] = [];
    const invoke = async (_name: string, event: unknown) => handled.push(event);
    const second = setUp({ journal, invoke });
    second.invocations.resume();
    await second.clock.advance(0);
    setUp({ journal, invoke }).invocations.resume();
    expect(handled).toEqual([{ a: 1 }]);
  });

  it("of a function that is not there is refused", () => {
    expect(() => setUp().invocations.accept("nobody", "{}")).toThrow(
      expect.objectContaining({ code: "ResourceNotFoundException" }),
    );
  });
});

describe("an event", () => {
  it("goes over rule and dispatcher to one durable execution, however often it arrives", async () => {
    const clock = new VirtualClock();
    const functions = [
      definition("dispatch"),
      definition("flow", {
        durable: { executionTimeoutSeconds: 3600, retentionDays: 7 },
        aliases: { durable: "1" },
      }),
    ];
    const letters: string[] = [];
    const send = (_queue: string, body: string): void => void letters.push(body);
    let runs = 0;
    const handler = withDurableExecution(async (event: { id: string }, context) => {
      await context.wait("a while", { minutes: 5 });
      await context.step("once", async () => runs++);
      return event.id;
    });
    const durable: DurableService = new DurableService({
      functions: durableFunctions(functions),
      clock,
      invoke: inProcessInvoke(() => durable, { flow: handler }),
      deadLetter: deadLetterOf(functions, send),
    });
    const dispatch = async (event: { detail: { id: string } }) => {
      await lambda.send(
        new InvokeCommand({
          FunctionName: "flow:durable",
          InvocationType: "Event",
          DurableExecutionName: `join-${event.detail.id}`,
          Payload: JSON.stringify({ id: event.detail.id }),
        }),
      );
    };
    const invoke = (_name: string, event: unknown) => dispatch(event as { detail: { id: string } });
    const asynchronous = new AsyncInvocations({ clock, functions, invoke, durable, send });
    const handle = createHandle({
      models: [lambdaModel({ functions, durable, asynchronous, invoke })],
      clock,
    });
    const lambda = inProcessClient<LambdaClient>(handle, "lambda", {
      accessKeyId: "AKIA",
      principal: "function:dispatch",
    });
    const bus = new EventBus({
      clock,
      account: "123456789012",
      region: "ap-northeast-1",
      rules: [
        {
          name: "r",
          arn: "arn:r",
          enabled: true,
          pattern: { source: ["test"] },
          targets: [
            { id: "t", arn: functions[0]?.arn ?? "", maximumRetryAttempts: 1, maximumEventAgeSeconds: 60 },
          ],
        },
      ],
      deliver: (arn, event) => asynchronous.accept(arn, JSON.stringify(event)),
      deadLetter: (_queue, body) => void letters.push(body),
      disturbance: () => [0, 0, 60_000],
    });
    bus.publish({ source: "test", "detail-type": "x", resources: [], detail: { id: "i-01" } });
    await runUntil([durable, asynchronous], clock, () => runs > 0 && durable.running() === 0);
    expect(durable.executions()).toMatchObject([
      { name: "join-i-01", status: "SUCCEEDED", result: '"i-01"' },
    ]);
    expect(runs).toBe(1);
    expect(letters).toEqual([]);
  });
});

describe("a journal file", () => {
  it("gives back what was written, without the line that a kill tore", () => {
    const directory = mkdtempSync(join(tmpdir(), "hive-journal-test-"));
    const path = join(directory, "deep", "journal.jsonl");
    try {
      fileJournal(path).append({ n: 1, text: "é\n" });
      writeFileSync(path, '{"n":2,"text":"é', { flag: "a" });
      expect(fileJournal(path).read()).toEqual([{ n: 1, text: "é\n" }]);
      fileJournal(path).append({ n: 3 });
      expect(fileJournal(path).read()).toEqual([{ n: 1, text: "é\n" }, { n: 3 }]);
      writeFileSync(path, "broken\n", { flag: "a" });
      expect(() => fileJournal(path).read()).toThrow("Line 3 of the journal");
      expect(readFileSync(path, "utf8")).toContain('{"n":3}\n');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
