// Built bundles in child processes, driven through the real Lambda client over HTTP.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DurableExecutionAlreadyStartedException,
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  ListFunctionsCommand,
  StopDurableExecutionCommand,
} from "@aws-sdk/client-lambda";
import { build } from "esbuild";
import { loadCatalogue } from "../../sandbox/aws/catalogue.ts";
import { createEndpoint } from "../../sandbox/aws/endpoint.ts";
import { type CallRecord, createHandle } from "../../sandbox/aws/handle.ts";
import { realClock, sleep } from "../../sandbox/clock.ts";
import { AsyncInvocations } from "../../sandbox/lambda/async-invocations.ts";
import { deadLetterOf, durableFunctions } from "../../sandbox/lambda/durable-functions.ts";
import { DurableService } from "../../sandbox/lambda/durable-service.ts";
import { FunctionHosts } from "../../sandbox/lambda/function-hosts.ts";
import { fileJournal } from "../../sandbox/lambda/journal.ts";
import { lambdaModel } from "../../sandbox/lambda/lambda-model.ts";
import type { FunctionDefinition } from "../../sandbox/template/types.ts";

const bundles = {
  "flow.ts": `
    import { withDurableExecution } from "@aws/durable-execution-sdk-js";
    import { appendFileSync } from "node:fs";
    export const handler = withDurableExecution(async (event, context) => {
      const effect = (text) => appendFileSync(process.env.EFFECTS, event.id + " " + text + "\\n");
      await context.step("first", async () => { effect("first"); });
      await context.wait("pause", { seconds: 1 });
      await context.step("second", async () => {
        effect("second");
        if (event.hang) await new Promise((resolve) => setTimeout(resolve, 400));
      });
      return { done: event.id };
    });`,
  "plain.ts": `
    export const handler = async (event, context) => {
      console.log(JSON.stringify({ said: event.say, by: context.functionName }));
      if (event.fail) throw new RangeError("told to fail");
      if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
      return { key: process.env.AWS_ACCESS_KEY_ID, variable: process.env.VARIABLE };
    };`,
};

const directory = mkdtempSync(join(tmpdir(), "hive-lambda-test-"));
const effects = join(directory, "effects");
const arn = (name: string) => `arn:aws:lambda:ap-northeast-1:123456789012:function:${name}`;
const definition = (name: string, more: Partial<FunctionDefinition>): FunctionDefinition => ({
  logicalId: name,
  name,
  arn: arn(name),
  handler: `dist/${name}.handler`,
  timeoutSeconds: 10,
  memoryMegabytes: 256,
  environment: { VARIABLE: "from the template", EFFECTS: effects },
  roleArn: "arn:aws:iam::123456789012:role/r",
  aliases: {},
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 3600,
  ...more,
});
const functions = [
  definition("flow", {
    durable: { executionTimeoutSeconds: 3600, retentionDays: 7 },
    aliases: { durable: "1" },
    deadLetterArn: "arn:dlq",
  }),
  definition("plain", { timeoutSeconds: 1, onFailureArn: "arn:failures" }),
  definition("unbuilt", {}),
];

const letters: { queue: string; body: string }[] = [];
const calls: CallRecord[] = [];
const send = (queue: string, body: string): void => void letters.push({ queue, body });
const journal = () => fileJournal(join(directory, "state", "durable.jsonl"));
let hosts: FunctionHosts;
let durable: DurableService;
let server: Server;
let client: LambdaClient;

beforeAll(async () => {
  mkdirSync(join(directory, "dist"));
  for (const [name, text] of Object.entries(bundles)) writeFileSync(join(directory, name), text);
  await build({
    entryPoints: Object.keys(bundles).map((name) => join(directory, name)),
    outdir: join(directory, "dist"),
    outExtension: { ".js": ".mjs" },
    nodePaths: [join(process.cwd(), "node_modules")],
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    conditions: ["module"],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  let listener: Parameters<typeof createServer>[1];
  server = createServer((request, response) => listener?.(request as never, response as never));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hosts = new FunctionHosts({
    functions,
    directory,
    environment: { AWS_ENDPOINT_URL: endpoint, AWS_REGION: "ap-northeast-1" },
    credentials: (name) => ({ accessKeyId: `KEY-${name}`, secretAccessKey: "x" }),
    logDirectory: join(directory, "logs"),
  });
  durable = new DurableService({
    functions: durableFunctions(functions),
    clock: realClock,
    invoke: hosts.invoke,
    journal: journal(),
    deadLetter: deadLetterOf(functions, send),
  });
  const asynchronous = new AsyncInvocations({
    clock: realClock,
    functions,
    invoke: hosts.invoke,
    durable,
    send,
    retryDelaysSeconds: [0.05],
  });
  const catalogue = await loadCatalogue(["lambda"]);
  const handle = createHandle({
    models: [lambdaModel({ functions, durable, asynchronous, invoke: hosts.invoke })],
    clock: realClock,
    catalogue,
    onCall: (record) => calls.push(record),
  });
  const identify = (accessKeyId: string) => ({
    accessKeyId,
    principal: accessKeyId.replace("KEY-", "function:"),
  });
  listener = createEndpoint({ handle, catalogue, identify });
  client = new LambdaClient({
    endpoint,
    region: "ap-northeast-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "KEY-test", secretAccessKey: "x" },
  });
});

afterAll(async () => {
  durable.shutDown();
  await hosts.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

const start = (name: string, event: object) =>
  client.send(
    new InvokeCommand({
      FunctionName: "flow",
      Qualifier: "durable",
      InvocationType: "Event",
      DurableExecutionName: name,
      Payload: JSON.stringify(event),
    }),
  );
const plain = (event: object, InvocationType: "Event" | "RequestResponse" = "RequestResponse") =>
  client.send(new InvokeCommand({ FunctionName: "plain", InvocationType, Payload: JSON.stringify(event) }));
const effectsOf = (id: string): string[] =>
  readFileSync(effects, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${id} `));
const until = async (condition: () => boolean): Promise<void> => {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 200) throw new Error("The condition did not come about within 10 s.");
    await sleep(realClock, 50);
  }
};

describe("a durable function in its own process", () => {
  it("runs to its end through the API, idempotent by name, each step once", async () => {
    const answer = await start("run-1", { id: "a" });
    expect(answer.StatusCode).toBe(202);
    expect((await start("run-1", { id: "a" })).DurableExecutionArn).toBe(answer.DurableExecutionArn);
    await expect(start("run-1", { id: "b" })).rejects.toBeInstanceOf(DurableExecutionAlreadyStartedException);
    await durable.done(answer.DurableExecutionArn ?? "");
    const { DurableExecutionArn } = answer;
    const described = await client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));
    expect(described).toMatchObject({
      Status: "SUCCEEDED",
      Result: '{"done":"a"}',
      DurableExecutionName: "run-1",
    });
    expect(described.StartTimestamp?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(effectsOf("a")).toEqual(["a first", "a second"]);
    const history = await client.send(new GetDurableExecutionHistoryCommand({ DurableExecutionArn }));
    expect(history.Events?.map(({ EventType }) => EventType)).toEqual(
      expect.arrayContaining(["ExecutionStarted", "StepSucceeded", "WaitSucceeded", "ExecutionSucceeded"]),
    );
    expect(calls.filter(({ operation }) => operation === "CheckpointDurableExecution")).toContainEqual(
      expect.objectContaining({ principal: "function:flow" }),
    );
  });

  it("goes on after its process was killed in the middle of a step", async () => {
    const { DurableExecutionArn = "" } = await start("killed", { id: "k", hang: true });
    await until(() => effectsOf("k").includes("k second"));
    expect(hosts.kill("flow")).toBe(true);
    expect(await durable.done(DurableExecutionArn)).toMatchObject({
      status: "SUCCEEDED",
      result: '{"done":"k"}',
    });
    expect(effectsOf("k")).toEqual(["k first", "k second", "k second"]);
  });

  it("is kept in a journal that a new service reads", async () => {
    const { DurableExecutionArn = "" } = await start("run-1", { id: "a" });
    const restarted = new DurableService({
      functions: durableFunctions(functions),
      clock: realClock,
      invoke: () => Promise.reject(new Error("nothing is left to run")),
      journal: journal(),
    });
    restarted.resume();
    expect(restarted.get(DurableExecutionArn)).toMatchObject({ status: "SUCCEEDED", result: '{"done":"a"}' });
    restarted.shutDown();
  });

  it("can be listed by name and state, and stopped", async () => {
    const { DurableExecutionArn } = await start("to-stop", { id: "s" });
    const stopped = await client.send(new StopDurableExecutionCommand({ DurableExecutionArn }));
    expect(stopped.StopTimestamp?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const list = (filter: object) =>
      client.send(new ListDurableExecutionsByFunctionCommand({ FunctionName: "flow", ...filter }));
    expect((await list({ Statuses: ["STOPPED"] })).DurableExecutions).toMatchObject([
      { DurableExecutionName: "to-stop" },
    ]);
    expect((await list({ DurableExecutionName: "killed" })).DurableExecutions).toHaveLength(1);
    const first = await list({ MaxItems: 2 });
    expect(first.DurableExecutions?.map(({ DurableExecutionName }) => DurableExecutionName)).toEqual([
      "to-stop",
      "killed",
    ]);
    expect((await list({ MaxItems: 2, Marker: first.NextMarker })).DurableExecutions).toHaveLength(1);
  });
});

describe("an ordinary function", () => {
  it("answers a synchronous invocation, with its own keys and the template's variables", async () => {
    const { Payload } = await plain({ say: "hello" });
    expect(JSON.parse(Payload?.transformToString() ?? "")).toEqual({
      key: "KEY-plain",
      variable: "from the template",
    });
    await until(() =>
      readFileSync(join(directory, "logs", "plain.log"), "utf8").includes('{"said":"hello","by":"plain"}'),
    );
  });

  it("that throws is an answer with the error's name", async () => {
    const { FunctionError, Payload } = await plain({ fail: true });
    expect(FunctionError).toBe("Unhandled");
    expect(JSON.parse(Payload?.transformToString() ?? "")).toMatchObject({
      errorType: "RangeError",
      errorMessage: "told to fail",
    });
  });

  it("that takes too long is ended with its process", async () => {
    const { FunctionError, Payload } = await plain({ hang: true });
    expect(FunctionError).toBe("Unhandled");
    expect(Payload?.transformToString()).toContain("timed out after 1 seconds");
    expect((await plain({ say: "again" })).FunctionError).toBeUndefined();
  });

  it("that was not built is an answer that names its log, where the cause stands", async () => {
    const { Payload } = await client.send(new InvokeCommand({ FunctionName: "unbuilt" }));
    expect(Payload?.transformToString()).toContain("logs/unbuilt.log");
    expect(readFileSync(join(directory, "logs", "unbuilt.log"), "utf8")).toContain(
      "There is no dist/unbuilt.{mjs,js,cjs}",
    );
  });

  it("is tried three times for an event, which then goes to its destination", async () => {
    const before = readFileSync(join(directory, "logs", "plain.log"), "utf8").split("\n").length;
    expect((await plain({ say: "async", fail: true }, "Event")).StatusCode).toBe(202);
    await until(() => letters.length > 0);
    expect(letters).toHaveLength(1);
    expect(letters[0]?.queue).toBe("arn:failures");
    expect(JSON.parse(letters[0]?.body ?? "")).toMatchObject({
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 3, functionArn: arn("plain") },
      requestPayload: { say: "async", fail: true },
      responsePayload: { errorType: "RangeError" },
    });
    const lines = readFileSync(join(directory, "logs", "plain.log"), "utf8").split("\n").length;
    expect(lines - before).toBe(3);
  });

  it("is described, and what is not there is an error", async () => {
    expect(
      (await client.send(new ListFunctionsCommand({}))).Functions?.map(({ FunctionName }) => FunctionName),
    ).toEqual(["flow", "plain", "unbuilt"]);
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: arn("flow") }));
    expect(Configuration?.DurableConfig).toEqual({ ExecutionTimeout: 3600, RetentionPeriodInDays: 7 });
    await expect(client.send(new GetFunctionCommand({ FunctionName: "nobody" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});
