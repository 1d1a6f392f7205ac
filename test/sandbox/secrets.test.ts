// One whole life of a cluster, with everything that was said, written and shown on the way: neither a join token nor the
// registry's password is anywhere but in the two answers that are there to give them.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { DescribeAutoScalingGroupsCommand, DescribeTagsCommand } from "@aws-sdk/client-auto-scaling";
import {
  GetCommandInvocationCommand,
  GetParameterCommand,
  ListCommandsCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import type { AnswerRecord } from "../../sandbox/cloud/answers.ts";
import { files, names } from "../../sandbox/cloud/configuration.ts";
import { type ProcessSamples, program } from "./process-samples.ts";
import { endedHook, outcomeOf, withSandbox, workerIn } from "./support.ts";

/** Everything that may not show, by what it is. */
const secrets = new Map<string, string>();

/** A text as it would look inside Base64, wherever it begins there. */
const inBase64 = (secret: string): string[] =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.from("x".repeat(offset) + secret).toString("base64url");
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
  });

/** Which secrets a text holds, as they are or in Base64 of either alphabet. */
const secretsIn = (content: string): string[] => {
  const urlSafe = content.replaceAll("+", "-").replaceAll("/", "_");
  return [...secrets].flatMap(([secret, name]) =>
    content.includes(secret) || inBase64(secret).some((piece) => urlSafe.includes(piece)) ? [name] : [],
  );
};

/** Of a join token the last part is the secret; what stands before it is the certificate's digest. */
const secretPart = (token: string): string => token.split("-").at(-1) ?? "";

describe("join tokens and the registry's password", () => {
  const sandbox = withSandbox({
    workers: 1,
    recordAnswers: true,
    settings: { JOIN_DEADLINE_SECONDS: "60" },
  });
  let sampler: ChildProcess;
  let samples: Promise<string>;

  beforeAll(async () => {
    sampler = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
    if (sampler.stdout === null) throw new Error("the sampler has no output");
    samples = text(sampler.stdout);
    for (const [Name, what] of [
      [names.workerToken, "worker token"],
      [names.managerToken, "manager token"],
    ] as const) {
      secrets.set(secretPart(await read(Name)), what);
    }
  });
  afterAll(() => {
    sampler.kill();
  });

  const read = async (Name: string): Promise<string> => {
    const command = new GetParameterCommand({ Name, WithDecryption: true });
    return (await sandbox().systemsManager.send(command)).Parameter?.Value ?? "";
  };
  const put = (Value: string) =>
    sandbox().systemsManager.send(
      new PutParameterCommand({ Name: names.workerToken, Value, Type: "SecureString", Overwrite: true }),
    );
  const answers = (): AnswerRecord[] =>
    readFileSync(join(sandbox().stateDirectory, files.answers), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as AnswerRecord);
  const tokensReadBy = (instanceId: string): string[] =>
    answers()
      .filter(
        ({ principal, operation }) => principal === `instance:${instanceId}` && operation === "GetParameter",
      )
      .map(({ output }) => (output as { Parameter: { Value: string } }).Parameter.Value);
  const ids = async () => (await sandbox().workers()).map(({ instanceId }) => instanceId);

  it("let two workers in", async () => {
    await sandbox().scale(3);
    await sandbox().settled(3, 120);
  });

  it("that were rotated in the middle of a join are read again, within the same command", async () => {
    const [manager] = await sandbox().managers();
    const engine = sandbox().engine(manager?.instanceId ?? "");
    const old = await read(names.workerToken);
    type Swarm = { Version: { Index: number }; Spec: unknown; JoinTokens: { Worker: string } };
    const { Version, Spec } = await engine.get<Swarm>("/swarm");
    await engine.post(`/swarm/update?version=${Version.Index}&rotateWorkerToken=true`, Spec);
    const fresh = (await engine.get<Swarm>("/swarm")).JoinTokens.Worker;
    secrets.set(secretPart(fresh), "rotated worker token");
    expect(fresh).not.toBe(old);

    const before = await ids();
    await sandbox().scale(4);
    const joining = await workerIn(sandbox(), "Pending:Wait", before);
    await sandbox().until("the host to read the old token", () => tokensReadBy(joining).length > 0);
    await put(fresh);
    await sandbox().settled(4, 120);

    const seen = tokensReadBy(joining);
    expect([seen[0], seen.at(-1)]).toEqual([old, fresh]);
    expect(await endedHook(sandbox(), joining, "join")).toMatchObject({ result: "CONTINUE", completions: 1 });
    const commands = (await sandbox().control.commands()).filter(
      ({ instanceId, document }) => instanceId === joining && document.endsWith("join-host"),
    );
    expect(commands.map(({ status }) => status)).toEqual(commands.map(() => "Success"));
  });

  it("that stay wrong keep a worker out", async () => {
    const right = await read(names.workerToken);
    const wrong = right.replace(/[^-]+$/, (secret) => [...secret].reverse().join(""));
    secrets.set(secretPart(wrong), "wrong token");
    await put(wrong);
    const before = await ids();
    await sandbox().scale(5);
    const refused = await workerIn(sandbox(), "Pending:Wait", before);
    const outcome = await outcomeOf(sandbox(), `join-${refused}-0`, 90);
    await put(right);
    expect(outcome).toMatchObject({ outcome: "abandoned", step: "join host" });
    await sandbox().settled(5, 120);
  });

  it("are not needed to let one go", async () => {
    await sandbox().scale(4);
    await sandbox().settled(4, 120);
  });

  it("were given to the hosts that asked, the worker's to workers alone, and stored by the manager that formed the swarm", async () => {
    const given = answers();
    const passwords = given
      .filter(({ operation }) => operation === "GetAuthorizationToken")
      .map(({ principal, output }) => {
        expect(principal).toMatch(/^instance:/);
        const [data] = (output as { authorizationData: { authorizationToken: string }[] }).authorizationData;
        return Buffer.from(data?.authorizationToken ?? "", "base64")
          .toString()
          .replace(/^AWS:/, "");
      });
    expect(passwords.length).toBeGreaterThanOrEqual(5);
    for (const password of passwords) secrets.set(password, "registry password");

    // The negative below would prove nothing if this search found nothing.
    const holding = given.filter((record) => secretsIn(JSON.stringify(record)).length > 0);
    const kinds = holding.map(({ principal, service, operation, input }) => {
      const name = (input as { Name?: string }).Name ?? "";
      return `${principal.replace(/:.*/, "")} ${service} ${operation} ${name}`.trim();
    });
    expect([...new Set(kinds)].sort()).toEqual([
      "instance ecr GetAuthorizationToken",
      `instance ssm GetParameter ${names.workerToken}`,
      `instance ssm PutParameter ${names.managerToken}`,
      `instance ssm PutParameter ${names.workerToken}`,
      // This test reads both, and has the worker's wrong for a while.
      `operator ssm GetParameter ${names.managerToken}`,
      `operator ssm GetParameter ${names.workerToken}`,
      `operator ssm PutParameter ${names.workerToken}`,
    ]);
    const stored = holding.filter(
      ({ principal, operation }) => operation === "PutParameter" && principal.startsWith("instance:"),
    );
    const managers = (await sandbox().managers()).map(({ instanceId }) => `instance:${instanceId}`);
    expect([...new Set(stored.map(({ principal }) => principal))]).toEqual(managers);
  });

  it("stand in no command, no parameter and no output", async () => {
    const { Commands = [] } = await sandbox().systemsManager.send(
      new ListCommandsCommand({ MaxResults: 50 }),
    );
    expect(Commands.length).toBeGreaterThan(20);
    expect(secretsIn(JSON.stringify(Commands))).toEqual([]);
    for (const { commandId, instanceId, document } of await sandbox().control.commands()) {
      const command = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId });
      const answer = await sandbox().systemsManager.send(command);
      const output = `${answer.StandardOutputContent}\n${answer.StandardErrorContent}`;
      const [, packed = ""] = output.split("\n");
      const facts = document.endsWith("log-state")
        ? gunzipSync(Buffer.from(packed, "base64")).toString()
        : "";
      expect(secretsIn(output + facts)).toEqual([]);
    }
  });

  it("stand in no answer to any question about the cluster, no tag, no dead letter", async () => {
    const { control, autoScaling } = sandbox();
    const functions = ["dispatch", "join-node", "retire-node"];
    const all = [
      await control.status(),
      await control.hookRecords(),
      await control.hooks(),
      await control.history(),
      await control.flows(),
      await control.executions(),
      await control.deadLetters(),
      sandbox().timeline,
      await Promise.all(functions.map((name) => control.functionLog(name))),
      await autoScaling.send(new DescribeAutoScalingGroupsCommand({})),
      await autoScaling.send(new DescribeTagsCommand({})),
    ];
    for (const answer of all) {
      expect(JSON.stringify(answer).length).toBeGreaterThan(1);
      expect(secretsIn(JSON.stringify(answer))).toEqual([]);
    }
  });

  it("stand in no file of the sandbox: journal, events, calls, logs of functions, engines and machines", () => {
    const { stateDirectory } = sandbox();
    const looked: string[] = [];
    // Images and the engines' own state, which are Docker's; and what was kept for this test alone.
    const excepted = new Set(["docker-data", "registry", "root", files.answers]);
    const look = (directory: string): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const path = join(directory, entry.name);
        if (excepted.has(entry.name)) continue;
        if (entry.isDirectory()) look(path);
        if (!entry.isFile() || statSync(path).size > 50_000_000) continue;
        const name = relative(stateDirectory, path);
        looked.push(name);
        expect({ name, secrets: secretsIn(readFileSync(path, "utf8")) }).toEqual({ name, secrets: [] });
      }
    };
    look(stateDirectory);
    expect(looked).toEqual(
      expect.arrayContaining([
        "executions.jsonl",
        files.events,
        files.calls,
        files.timeline,
        files.log,
        files.collected,
        "functions/hive-swarm-dev-join-node.log",
      ]),
    );
    expect(looked.filter((name) => name.endsWith("dockerd.log")).length).toBeGreaterThanOrEqual(5);
  });

  it("are left on no host: neither by the agent, nor in its home, nor in a temporary file", async () => {
    for (const instanceId of await ids()) {
      const places = "/var/lib/amazon /run /tmp /root /etc /var/lib/filebeat";
      // What is older than the machine is this computer's own, and shines through.
      const script = `find ${places} -xdev -type f -newer /run/boot.sh -size -500k -exec cat {} + | gzip | base64 -w0`;
      const { stdout } = await sandbox().control.exec(instanceId, script);
      const content = gunzipSync(Buffer.from(stdout, "base64")).toString();
      expect(content).toContain("SSM_tokenParameter");
      expect(secretsIn(content)).toEqual([]);
    }
  });

  it("were never shown in a process's arguments or environment, on the hosts or of the functions", async () => {
    sampler.stdin?.end();
    const { commandLines, environments } = JSON.parse(await samples) as ProcessSamples;
    // It really looked while those ran that have to do with secrets.
    for (const part of ["/swarm/join", "/images/create", "GetParameter", "GetAuthorizationToken"])
      expect(commandLines.filter((line) => line.includes(part)).length).toBeGreaterThan(0);
    expect(
      environments.filter((one) => one.includes("AWS_LAMBDA_FUNCTION_NAME=")).length,
    ).toBeGreaterThanOrEqual(3);
    expect(environments.filter((one) => one.includes("SSM_tokenParameter=")).length).toBeGreaterThan(0);
    expect(commandLines.filter((line) => secretsIn(line).length > 0)).toEqual([]);
    expect(environments.filter((one) => secretsIn(one).length > 0)).toEqual([]);
  });
});
