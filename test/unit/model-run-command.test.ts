// Run Command: delivery, statuses, parameters and output, as the service and its agents handle them.
import { parseDocument } from "../../sandbox/models/systems-manager/document.ts";
import { operator, refusal, succeeds } from "./model-fakes.ts";
import { A, B, drainDocument, fixture, held } from "./model-systems-manager-fixture.ts";

describe("a command", () => {
  it("runs on the instance and tells how it ended", async () => {
    const { send, get, clock, machines, model, bus } = fixture();
    machines.script = async () => ({ ...succeeds, stdout: "drained\n" });
    const id = send([A], { nodeId: ["n1"], executionTimeout: ["30"] });
    expect(await refusal(() => get(id))).toBe("InvocationDoesNotExist: ");
    await clock.advance(1000);
    expect(get(id)).toMatchObject({
      CommandId: id,
      InstanceId: A,
      DocumentName: "hive-drain",
      PluginName: "drain",
      Status: "Success",
      StatusDetails: "Success",
      ResponseCode: 0,
      StandardOutputContent: "drained\n",
      StandardErrorContent: "",
    });
    expect(machines.runs[0]?.run).toMatchObject({
      commandId: id,
      document: "drain",
      executionTimeoutSeconds: 30,
    });
    expect(
      bus
        .of("EC2 Command Invocation Status-change Notification")
        .map((detail) => [detail["command-id"], detail["instance-id"], detail.status]),
    ).toEqual([
      [id, A, "InProgress"],
      [id, A, "Success"],
    ]);
    expect(model.commands()).toEqual([
      expect.objectContaining({ commandId: id, document: "drain", principal: "operator", status: "Success" }),
    ]);
  });

  it("fails with the script's exit code, and is timed out by its execution timeout", async () => {
    const { send, get, clock, machines } = fixture();
    machines.script = async () => ({ ...succeeds, exitCode: 3, stderr: "no" });
    const failed = send();
    await clock.advance(1000);
    expect(get(failed)).toMatchObject({ Status: "Failed", StatusDetails: "Failed", ResponseCode: 3 });
    machines.script = async () => ({ ...succeeds, exitCode: 137, timedOut: true });
    const late = send();
    await clock.advance(1000);
    expect(get(late)).toMatchObject({
      Status: "TimedOut",
      StatusDetails: "ExecutionTimedOut",
      ResponseCode: -1,
    });
  });

  it("keeps the first 24,000 characters of output and 8,000 of errors", async () => {
    const { send, get, clock, machines } = fixture();
    machines.script = async () => ({
      ...succeeds,
      stdout: `a${"b".repeat(30_000)}`,
      stderr: "e".repeat(9000),
    });
    const id = send();
    await clock.advance(1000);
    const { StandardOutputContent = "", StandardErrorContent = "" } = get(id);
    expect(StandardOutputContent).toHaveLength(24_000);
    expect(StandardOutputContent.startsWith("ab")).toBe(true);
    expect(StandardErrorContent).toHaveLength(8000);
  });

  it("waits for one of five places on its instance", async () => {
    const { send, clock, machines, get } = fixture();
    const { running, script } = held();
    machines.script = script;
    const ids = Array.from({ length: 7 }, () => send());
    const elsewhere = send([B]);
    await clock.advance(5000);
    expect(running.filter(({ instanceId }) => instanceId === A)).toHaveLength(5);
    expect(get(elsewhere, B).Status).toBe("InProgress");
    expect(ids.map((id) => get(id).Status)).toEqual([...Array(5).fill("InProgress"), "Pending", "Pending"]);
    running[0]?.end();
    await clock.advance(1000);
    expect(ids.map((id) => get(id).Status)).toEqual(["Success", ...Array(5).fill("InProgress"), "Pending"]);
  });

  it("waits for an agent that is offline, until its delivery times out", async () => {
    const { send, clock, machines, get, api } = fixture();
    api.DescribeInstanceInformation({});
    machines.boot(A, { online: false });
    const first = send([A], { nodeId: ["n1"] }, { TimeoutSeconds: 30 });
    const second = send([A], { nodeId: ["n1"] }, { TimeoutSeconds: 300 });
    await clock.advance(29_000);
    expect(get(first)).toMatchObject({ Status: "Pending", StatusDetails: "Pending" });
    await clock.advance(2000);
    expect(get(first)).toMatchObject({ Status: "TimedOut", StatusDetails: "DeliveryTimedOut" });
    machines.boot(A);
    await clock.advance(2000);
    expect(get(second).Status).toBe("Success");
    expect(machines.runs).toHaveLength(1);
  });

  it("stays in progress for ever when the agent dies with it", async () => {
    const { send, clock, machines, get, errors } = fixture();
    machines.script = async () => {
      throw new Error("the machine is gone");
    };
    const id = send();
    await clock.advance(86_400_000);
    expect(get(id)).toMatchObject({ Status: "InProgress", ResponseCode: -1, ExecutionEndDateTime: "" });
    expect(errors).toHaveLength(1);
  });

  it("is cancelled while it waits and while it runs", async () => {
    const { send, clock, machines, get, api } = fixture({ concurrentCommands: 1 });
    const { script } = held();
    machines.script = script;
    const running = send();
    const waiting = send();
    await clock.advance(1000);
    api.CancelCommand({ CommandId: waiting });
    api.CancelCommand({ CommandId: running });
    expect(get(waiting).Status).toBe("Cancelled");
    expect(get(running).Status).toBe("Cancelling");
    await clock.advance(1000);
    expect(get(running)).toMatchObject({ Status: "Cancelled", ResponseCode: -1 });
    expect(machines.runs).toHaveLength(1);
  });

  it("goes to instances by tag", async () => {
    const { api, clock, machines } = fixture();
    api.SendCommand(
      {
        DocumentName: "hive-drain",
        Targets: [{ Key: "tag:role", Values: ["worker"] }],
        Parameters: { nodeId: ["n1"] },
      },
      operator,
    );
    await clock.advance(1000);
    expect(machines.runs.map(({ instanceId }) => instanceId)).toEqual([B]);
  });

  it("is not deduplicated: two calls are two runs", async () => {
    const { send, clock, machines } = fixture();
    expect(send()).not.toBe(send());
    await clock.advance(1000);
    expect(machines.runs).toHaveLength(2);
  });

  it("is listed, with the output when details are asked for", async () => {
    const { api, send, clock, machines } = fixture();
    machines.script = async () => ({ ...succeeds, stdout: "out", stderr: "err" });
    const id = send([A, B]);
    await clock.advance(1000);
    const list = (more: object) => api.ListCommandInvocations(more).CommandInvocations ?? [];
    expect(list({ CommandId: id }).map(({ InstanceId, Status }) => [InstanceId, Status])).toEqual([
      [A, "Success"],
      [B, "Success"],
    ]);
    expect(list({ InstanceId: B, Details: true })[0]?.CommandPlugins).toEqual([
      expect.objectContaining({ Name: "drain", ResponseCode: 0, Output: "out\n----------ERROR-------\nerr" }),
    ]);
    expect(list({ Filters: [{ key: "Status", value: "Failed" }] })).toEqual([]);
    expect(api.ListCommands({ CommandId: id }).Commands).toEqual([
      expect.objectContaining({ Status: "Success", TargetCount: 2, CompletedCount: 2, ErrorCount: 0 }),
    ]);
    const first = api.ListCommandInvocations({ MaxResults: 1 });
    expect(first.CommandInvocations).toHaveLength(1);
    expect(list({ MaxResults: 1, NextToken: first.NextToken })[0]?.InstanceId).toBe(B);
    for (const MaxResults of [0, 51]) {
      expect(await refusal(() => list({ MaxResults }))).toContain("ValidationException");
    }
  });

  it("of many instances are listed page by page, with the first 2,500 characters of each output", async () => {
    const { send, api, clock, machines } = fixture();
    const ids = Array.from({ length: 50 }, (_, number) => `i-${number}`);
    for (const id of ids) machines.boot(id);
    machines.script = async (id) => ({ ...succeeds, stdout: `${id} ${"x".repeat(3000)}` });
    const CommandId = send(ids);
    // Like GetCommandInvocation, it does not know at once what was sent.
    expect(api.ListCommandInvocations({ CommandId }).CommandInvocations).toEqual([]);
    await clock.advance(1000);
    const first = api.ListCommandInvocations({ CommandId, Details: true, MaxResults: 30 });
    const second = api.ListCommandInvocations({
      CommandId,
      Details: true,
      MaxResults: 30,
      NextToken: first.NextToken,
    });
    const all = [...(first.CommandInvocations ?? []), ...(second.CommandInvocations ?? [])];
    expect(all.map(({ InstanceId }) => InstanceId)).toEqual(ids);
    expect(second.NextToken).toBeUndefined();
    for (const { InstanceId, CommandPlugins } of all) {
      expect(CommandPlugins?.[0]?.Output).toHaveLength(2500);
      expect(CommandPlugins?.[0]?.Output).toMatch(new RegExp(`^${InstanceId} x+$`));
    }
    expect(await refusal(() => send([...ids, A]))).toContain("at most 50 members");
  });
});

describe("SendCommand refuses", () => {
  it.each([
    ["an unknown parameter", { nodeId: ["n1"], other: ["x"] }, "it has no parameter named other"],
    ["a missing one", {}, "parameter nodeId is required"],
    [
      "a value outside its pattern",
      { nodeId: ["n1; rm -rf /"] },
      "parameter nodeId does not match the pattern",
    ],
    [
      "a value that is not allowed",
      { nodeId: ["n1"], mode: ["other"] },
      "parameter mode must be one of soft, hard",
    ],
    ["two values for a String", { nodeId: ["n1", "n2"] }, "takes exactly one value"],
    ["too many values for a list", { nodeId: ["n1"], paths: ["a", "b", "c"] }, "takes at most 2 values"],
  ])("%s", async (_what, parameters, message) => {
    const { send, machines, clock } = fixture();
    const said = await refusal(() => send([A], parameters));
    expect(said).toContain("InvalidParameters: ");
    expect(said).toContain(message);
    await clock.advance(1000);
    expect(machines.runs).toEqual([]);
  });

  it("an unknown document or version, and an impossible delivery timeout", async () => {
    const { send } = fixture();
    const parameters = { nodeId: ["n1"] };
    expect(await refusal(() => send([A], parameters, { DocumentName: "other" }))).toContain(
      "InvalidDocument: ",
    );
    expect(await refusal(() => send([A], parameters, { DocumentVersion: "2" }))).toContain(
      "InvalidDocumentVersion: ",
    );
    expect(await refusal(() => send([A], parameters, { TimeoutSeconds: 29 }))).toContain(
      "ValidationException",
    );
  });

  it("an instance whose agent was never online, or whose machine is gone", async () => {
    const { send, machines } = fixture();
    machines.boot("i-0c", { online: false });
    const invalid = (id: string) =>
      `InvalidInstanceId: Instances [[${id}]] not in a valid state for account 123456789012`;
    expect(await refusal(() => send([A, "i-0c"]))).toBe(invalid("i-0c"));
    machines.kill(A);
    expect(await refusal(() => send([A]))).toBe(invalid(A));
  });

  it("more than 50 instances, and neither instances nor targets", async () => {
    const { send, machines } = fixture();
    const many = Array.from({ length: 51 }, (_, number) => `i-${number}`);
    for (const id of many) machines.boot(id);
    expect(await refusal(() => send(many))).toContain("ValidationException");
    expect(await refusal(() => send(many.slice(0, 50)))).toBe("accepted");
    expect(await refusal(() => send([]))).toContain("InvalidInstanceId");
  });
});

describe("an agent", () => {
  it("hands ENV_VAR parameters over as variables, and pastes the others into the text", async () => {
    const { send, clock, machines } = fixture();
    send([A], { nodeId: ["n1"], mode: ["hard"], paths: ["ls /a", "ls /b"] });
    await clock.advance(1000);
    expect(machines.runs[0]?.run.script).toBe(
      '#!/bin/sh\necho "$SSM_nodeId" "{{ nodeId }}" hard\nls /a\nls /b',
    );
    expect(machines.runs[0]?.run.environment).toEqual({ SSM_nodeId: "n1" });
  });

  it("that is too old leaves the variable unset and pastes the text", async () => {
    const { send, clock, machines } = fixture();
    machines.boot(A, { agentVersion: "3.3.2745.9" });
    send();
    await clock.advance(1000);
    expect(machines.runs[0]?.run.environment).toEqual({});
    expect(machines.runs[0]?.run.script).toContain('"n1"');
  });
});

describe("a document", () => {
  it("is published in versions", async () => {
    const { model, send, api, clock, machines } = fixture();
    const [step] = drainDocument.mainSteps;
    const inputs = { ...step?.inputs, runCommand: ["new"] };
    const content = { ...drainDocument, mainSteps: [{ ...step, inputs }] };
    expect(model.publishDocument({ name: "hive-drain", content })).toBe("2");
    send();
    await clock.advance(1000);
    send([A], { nodeId: ["n1"] }, { DocumentVersion: "1" });
    await clock.advance(1000);
    expect(machines.runs.map(({ run }) => run.script.split("\n")[0])).toEqual(["new", "#!/bin/sh"]);
    expect(api.DescribeDocument({ Name: "hive-drain" }).Document).toMatchObject({
      DocumentVersion: "2",
      DocumentType: "Command",
      SchemaVersion: "2.2",
    });
    expect(JSON.parse(api.GetDocument({ Name: "hive-drain", DocumentVersion: "1" }).Content ?? "")).toEqual(
      drainDocument,
    );
  });

  it.each([
    ["no JSON", "{", "is no JSON"],
    ["another schema", { ...drainDocument, schemaVersion: "1.2" }, "schemaVersion is '1.2'"],
    ["no step", { ...drainDocument, mainSteps: [] }, "exactly one step"],
    [
      "a variable that no shell can read",
      { ...drainDocument, parameters: { "node-id": { type: "String", interpolationType: "ENV_VAR" } } },
      "no shell can read the variable SSM_node-id",
    ],
  ])("with %s is refused when it is published", (_what, content, message) => {
    expect(() => parseDocument("x", "x", "1", content)).toThrow(message);
  });
});
