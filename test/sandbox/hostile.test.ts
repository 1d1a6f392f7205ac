// What nobody should send, on the real thing: events, names and agents that are meant to break something. Everything ends
// where it is promised to end, and nothing that came with an event, a service or a file name is ever run.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetCommandInvocationCommand, SendCommandCommand } from "@aws-sdk/client-ssm";
import { documentContent, documentNames } from "../../documents/resources.ts";
import { files, names, operatorKeys } from "../../sandbox/cloud/configuration.ts";
import type { EngineService } from "../../sandbox/cloud/engine.ts";
import { endedHook, outcomeOf, withSandbox, workerIn } from "./support.ts";

const OWNED = "/tmp/owned";
/** Each would leave the same trace, if anything ran it. */
const payloads = [
  `$(touch ${OWNED})`,
  `\`touch ${OWNED}\``,
  `'; touch ${OWNED}; '`,
  `"; touch ${OWNED}; "`,
  `x\ntouch ${OWNED}\n`,
  `| touch ${OWNED}`,
];
const PREFIX = "hive-swarm-dev-";

describe("what nobody should send", () => {
  const sandbox = withSandbox({
    workers: 1,
    retryDelaysSeconds: [1, 1],
    settings: { JOIN_DEADLINE_SECONDS: "60" },
  });

  const manager = async (): Promise<string> => {
    const [first] = await sandbox().managers();
    return first?.instanceId ?? "";
  };
  const ids = async () => (await sandbox().workers()).map(({ instanceId }) => instanceId);
  const oneWorker = async (): Promise<string> => (await ids())[0] ?? "";
  const letters = async () => {
    const bodies = (await sandbox().control.deadLetters()).map(({ body }) => JSON.parse(body));
    return bodies as Record<string, unknown>[];
  };
  const put = (detail: unknown, source = "aws.autoscaling", type = "EC2 Instance-launch Lifecycle Action") =>
    sandbox().events.send(
      new PutEventsCommand({
        Entries: [{ Source: source, DetailType: type, Detail: JSON.stringify(detail) }],
      }),
    );
  const invoke = async (FunctionName: string, payload: unknown, Qualifier?: string): Promise<void> => {
    const lambda = new LambdaClient({
      endpoint: sandbox().endpoint,
      region: names.region,
      credentials: operatorKeys,
    });
    await lambda.send(
      new InvokeCommand({
        FunctionName: PREFIX + FunctionName,
        InvocationType: "Event",
        Payload: JSON.stringify(payload),
        ...(Qualifier === undefined ? {} : { Qualifier }),
      }),
    );
    lambda.destroy();
  };
  const logRecords = async (name: string) =>
    (await sandbox().control.functionLog(name))
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const expectNothingRan = async (): Promise<void> => {
    for (const instanceId of [await manager(), ...(await ids())]) {
      const { stdout } = await sandbox().control.exec(instanceId, `ls ${OWNED} 2>/dev/null || true`);
      expect({ instanceId, stdout }).toEqual({ instanceId, stdout: "" });
    }
  };

  it("is tried three times by dispatch, and ends with its cause in the dead-letter queue", async () => {
    await put({ AutoScalingGroupName: names.workerGroup, EC2InstanceId: "i-not-one" });
    const letter = await sandbox().until("a dead letter", async () => (await letters()).at(-1), 30);
    expect(letter).toMatchObject({
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 3 },
      requestPayload: { detail: { EC2InstanceId: "i-not-one" } },
      responsePayload: { errorType: "EventError" },
    });
    const failures = (await logRecords("dispatch")).filter(({ message }) => message === "event failed");
    expect(failures.length).toBe(3);
    expect(String(failures[0]?.cause)).toMatch(
      /Cannot understand this lifecycle event.*not an EC2 instance id/s,
    );
  });

  it("as a flow's request fails its execution, which ends in the dead-letter queue too", async () => {
    const before = (await letters()).length;
    await invoke(
      "retire-node",
      { group: names.workerGroup, hook: "retire", instanceId: payloads[0] },
      "durable",
    );
    const letter = await sandbox().until("a dead letter", async () => (await letters())[before], 30);
    expect(letter).toEqual({ group: names.workerGroup, hook: "retire", instanceId: payloads[0] });
    const failed = (await sandbox().control.executions()).filter(({ status }) => status === "FAILED");
    expect(failed.map(({ error }) => error?.ErrorMessage)).toEqual([
      expect.stringMatching(/Cannot understand this request .*instanceId: not an EC2 instance id/),
    ]);
  });

  it("that no function takes from its rule ends in the rule's dead-letter queue", async () => {
    const before = (await letters()).length;
    await sandbox().control.unpleasant({ refusedDeliveries: 1 });
    await put({ AutoScalingGroupName: names.workerGroup, EC2InstanceId: "i-refused" });
    const letter = await sandbox().until("a dead letter", async () => (await letters())[before], 30);
    expect(letter).toMatchObject({
      source: "aws.autoscaling",
      detail: { EC2InstanceId: "i-refused" },
    });
  });

  it("under hostile names starts no flow, sends no command, and stands in the log as one record each", async () => {
    const commands = (await sandbox().control.commands()).length;
    const executions = (await sandbox().control.executions()).length;
    const before = (await letters()).length;
    const right = {
      AutoScalingGroupName: names.workerGroup,
      LifecycleHookName: names.joinHook,
      EC2InstanceId: await oneWorker(),
      LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
    };
    for (const payload of payloads) {
      for (const member of Object.keys(right)) {
        const detail = { ...right, [member]: payload };
        // Past the rule, which would keep other groups out.
        await invoke("dispatch", {
          source: "aws.autoscaling",
          "detail-type": "EC2 Instance-launch Lifecycle Action",
          detail,
        });
      }
    }
    // Group and hook are ignored; instance and transition cannot be understood.
    await sandbox().until(
      "all of them to end",
      async () => (await letters()).length === before + 2 * payloads.length,
      60,
    );
    const records = await logRecords("dispatch");
    const ignored = records.filter(({ message }) => message === "event ignored");
    expect(ignored.length).toBe(2 * payloads.length);
    for (const payload of payloads)
      expect(ignored.filter(({ because }) => because === `hook ${payload} is not ours`).length).toBe(1);
    expect((await sandbox().control.commands()).length).toBe(commands);
    expect((await sandbox().control.executions()).length).toBe(executions);
    await expectNothingRan();
  });

  it("as an image's name is refused by the swarm itself", async () => {
    const engine = sandbox().engine(await manager());
    for (const payload of payloads) {
      await expect(
        engine.post("/services/create", {
          Name: "evil",
          TaskTemplate: { ContainerSpec: { Image: `10.78.0.1:5000/hive-web${payload}` } },
        }),
      ).rejects.toThrow(/not a valid repository|invalid reference/);
    }
  });

  it("as the sources of bind mounts becomes directories of exactly these names, and the tasks run", async () => {
    const engine = sandbox().engine(await manager());
    const [hive] = await engine.get<EngineService[]>("/services");
    const spec = hive?.Spec as unknown as { TaskTemplate: { ContainerSpec: { Image: string } } };
    const sources = payloads.map((payload, index) => `/srv/${index} ${payload}`);
    const mounts = [...sources, "/", "/etc/localtime"].map((Source, index) => ({
      Type: "bind",
      Source,
      Target: `/mount/${index}`,
      ReadOnly: true,
    }));
    const { ID } = await engine.post<{ ID: string }>("/services/create", {
      Name: "odd",
      TaskTemplate: {
        ContainerSpec: { Image: spec.TaskTemplate.ContainerSpec.Image, Mounts: mounts },
        Placement: { Constraints: ["node.role==worker"] },
        RestartPolicy: { Condition: "any", Delay: 1_000_000_000 },
      },
      // One for each machine: on the new one it needs what the join has made.
      Mode: { Global: {} },
    });
    const before = await ids();
    await sandbox().scale(2);
    const joining = await workerIn(sandbox(), "Pending:Wait", before);
    expect(await endedHook(sandbox(), joining, "join", 90)).toMatchObject({ result: "CONTINUE" });
    const { stdout } = await sandbox().control.exec(joining, "cd /srv && printf '%s\\0' * | base64 -w0");
    const made = Buffer.from(stdout, "base64").toString().split("\0").slice(0, -1);
    // A slash is a directory of its own.
    const expected = sources.map((source) => source.split("/")[2]);
    expect(made.sort()).toEqual([...new Set(expected)].sort());
    type Task = { Status: { State: string; ContainerStatus?: unknown; Err?: string }; NodeID: string };
    const node = (await sandbox().workers()).find(({ instanceId }) => instanceId === joining)?.node?.id;
    const filters = encodeURIComponent(JSON.stringify({ service: ["odd"], node: [node] }));
    await sandbox().until("the task with the odd mounts to run", async () =>
      (await engine.get<Task[]>(`/tasks?filters=${filters}`)).some(
        ({ Status }) => Status.State === "running",
      ),
    );
    await engine.delete(`/services/${ID}`);
    await expectNothingRan();
  });

  it("as names of log files is shipped like any other line, and the machine goes", async () => {
    const goes = await oneWorker();
    const made = payloads.map((payload, number) => {
      const name = payload.replaceAll("/", "%");
      const path = Buffer.from(`/var/log/hive/${name}/${name}.log`).toString("base64");
      return `path=$(printf %s ${path} | base64 -d; echo .); path=\${path%.}; mkdir -p "\${path%/*}"; echo "odd line ${number}" >"$path"`;
    });
    const { exitCode, stderr } = await sandbox().control.exec(goes, `${made.join("\n")}\n`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    await sandbox().scale(1);
    const retired = await sandbox().until(
      "a retirement",
      async () => {
        const found = (await sandbox().control.executions()).find(({ name }) => name === `retire-${goes}-0`);
        return found?.status === "SUCCEEDED" && found;
      },
      120,
    );
    expect(JSON.parse(retired.result ?? "null")).toMatchObject({ outcome: "retired", logs: "shipped" });
    await sandbox().settled(1, 60);
    const collected = readFileSync(join(sandbox().stateDirectory, files.collected), "utf8");
    const shipped = [...collected.matchAll(/odd line (\d)/g)].map(([, number]) => Number(number));
    expect(shipped.sort()).toEqual([...payloads.keys()]);
    await expectNothingRan();
  });

  it("past the service's own checks, straight into the scripts, is never run either", async () => {
    const hosts = { worker: await oneWorker(), manager: await manager() };
    const onManagers = [
      "activate-node",
      "drain-node",
      "remove-node",
      "survey-cluster",
      "survey-services",
      "update-service",
      "watch-service",
    ];
    const outcomes: string[] = [];
    const exported = (name: string, value: string): string =>
      `SSM_${name}=$(printf %s ${Buffer.from(value).toString("base64")} | base64 -d)\nexport SSM_${name}`;
    for (const document of documentNames()) {
      const { parameters, mainSteps } = documentContent(document);
      type Parameter = { interpolationType?: string; allowedPattern?: string; default?: string };
      const variables = Object.entries(parameters as Record<string, Parameter>).filter(
        ([, { interpolationType }]) => interpolationType === "ENV_VAR",
      );
      // leave-swarm would leave, whatever it is handed.
      if (variables.length === 0 || document === "leave-swarm") continue;
      // One of each kind: a substitution, a quote, a line of its own.
      for (const payload of payloads.filter((_, index) => index % 2 === 0)) {
        const exports = variables.map(([name, { allowedPattern = "" }]) => {
          // Numbers are calculated with, and so are checked by the service alone.
          if (/^\^\[0-9\]\{[^}]*\}\$$/.test(allowedPattern)) return exported(name, "0");
          if (name === "ranges") return exported(name, "1:2:3:4");
          // An image of such a name ends join-host; without any, it comes as far as to the directories and the swarm.
          return exported(name, name === "images" && payload !== payloads[0] ? "" : payload);
        });
        const script = mainSteps[0]?.inputs.runCommand.join("\n") ?? "";
        const { stdout, stderr } = await sandbox().control.exec(
          onManagers.includes(document) ? hosts.manager : hosts.worker,
          `#!/bin/bash\n${exports.join("\n")}\n${script}`,
        );
        // Each comes as far as to an answer of its own.
        outcomes.push(`${document}: ${(stdout || stderr).split("\n", 1)[0]}`);
      }
    }
    for (const outcome of outcomes) expect(outcome).toMatch(/^[\w-]+: \{"/);
    expect(outcomes.filter((one) => one.startsWith('join-host: {"outcome":"joined"')).length).toBe(2);
    await expectNothingRan();
    await sandbox().settled(1, 30);
  });

  it("to an agent that is too old stops each script before it does anything", async () => {
    const worker = await oneWorker();
    await sandbox().control.agentVersion("3.3.2745.0", worker);
    // A value for each parameter that has no default; restart-shipper alone hands its script no value.
    const tokens = { workerTokenParameter: names.workerToken, managerTokenParameter: names.managerToken };
    const examples: Record<string, Record<string, string>> = {
      "activate-node": { nodeId: "n".repeat(25), instanceId: worker, now: "2026-01-01T00:00:00.000Z" },
      "await-tasks": {},
      "backup-swarm": { bucket: "saved", prefix: "hive/swarm", time: "2026-01-01T00-00-00" },
      "begin-retire": { markRetiring: "yes" },
      "demote-node": { instanceId: worker },
      "deploy-stack": { stack: "hive", service: "web", parameter: names.stack },
      "drain-node": { instanceId: worker },
      "explain-task": { container: "c".repeat(64) },
      "hold-images": { registry: "10.78.0.1:5000", registryRegion: names.registryRegion },
      "init-swarm": { ...tokens, addressPool: "172.30.0.0/16", advertise: "10.78.0.10" },
      "join-host": {
        mode: "join",
        managers: "10.78.0.10",
        tokenParameter: names.workerToken,
        registry: "10.78.0.1:5000",
        registryRegion: names.registryRegion,
      },
      "leave-swarm": {},
      "log-state": {},
      "mend-nodes": {},
      "remove-node": { instanceId: worker },
      "rescue-logs": {
        bucket: "rescued",
        prefix: worker,
        ranges: "1:2:0:3",
        logDirectories: "/var/log/hive",
      },
      "restore-swarm": { ...tokens, bucket: "saved", key: "hive/swarm/one.tar.gz" },
      "rotate-tokens": tokens,
      "survey-cluster": { page: "1", pages: "1" },
      "survey-services": { image: "10.78.0.1:5000/hive-web" },
      "update-service": { serviceId: "s".repeat(25), rollId: "roll", act: "begin" },
      "watch-service": { serviceId: "s".repeat(25), rollId: "roll" },
    };
    const withVariables = (name: string) =>
      JSON.stringify(documentContent(name).parameters).includes('"ENV_VAR"');
    expect(documentNames().filter((name) => !withVariables(name))).toEqual([
      "restart-shipper",
      "survey-managers",
    ]);
    expect(Object.keys(examples)).toEqual(documentNames().filter(withVariables));
    for (const [document, values] of Object.entries(examples)) {
      const { Command } = await sandbox().systemsManager.send(
        new SendCommandCommand({
          DocumentName: PREFIX + document,
          InstanceIds: [worker],
          Parameters: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]])),
        }),
      );
      const answer = await sandbox().until(`the end of ${document}`, async () => {
        const command = new GetCommandInvocationCommand({
          CommandId: Command?.CommandId,
          InstanceId: worker,
        });
        const invocation = await sandbox().systemsManager.send(command);
        return !["Pending", "InProgress"].includes(invocation.Status ?? "") && invocation;
      });
      expect(answer).toMatchObject({ Status: "Failed", StandardOutputContent: "" });
      expect(answer.StandardErrorContent).toMatch(/SSM_\w+: agent too old/);
    }
    const { stdout } = await sandbox().control.exec(worker, "ls /run/hive-swarm");
    expect(stdout).not.toContain("retiring");
    await sandbox().control.agentVersion("3.3.2746.0", worker);
    await sandbox().settled(1, 30);
  });

  it("to a machine with such an agent: its join is abandoned with that cause, and it is replaced", async () => {
    await sandbox().control.agentVersion("3.2.2303.0");
    const before = await ids();
    await sandbox().scale(2);
    const old = await workerIn(sandbox(), "Pending:Wait", before);
    const outcome = await outcomeOf(sandbox(), `join-${old}-0`, 60);
    await sandbox().control.agentVersion("3.3.2746.0");
    expect(outcome).toMatchObject({ outcome: "abandoned", step: "agent online" });
    expect(outcome.cause).toMatch(/agent is 3\.2\.2303\.0, and 3\.3\.2746\.0 or newer is needed/);
    expect(await endedHook(sandbox(), old, "join")).toMatchObject({ result: "ABANDON", completions: 1 });
    await sandbox().settled(2, 120);
    expect(await ids()).not.toContain(old);
  });
});
