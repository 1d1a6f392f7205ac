import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { SSMClient } from "@aws-sdk/client-ssm";
import fc from "fast-check";
import type { Config } from "../../shared/config/config.ts";
import { StepFailure } from "../../shared/flows/failure.ts";
import { onHosts } from "../../shared/flows/fleet.ts";
import type { Check, Flow } from "../../shared/flows/flow.ts";
import type { InstanceId } from "../../shared/identifiers.ts";
import { pullCause } from "../../shared/rolls/cause.ts";
import { awsError, clientThat } from "./aws-client.ts";
import { NEW } from "./rolls-facts.ts";
import { times } from "./times.ts";

const start = Date.parse("2026-02-01T10:00:00Z");
const hostOf = (index: number) => `i-0${index.toString(16).padStart(16, "0")}` as InstanceId;
const hostsOf = (count: number): InstanceId[] => Array.from({ length: count }, (_, index) => hostOf(index));
const command = { document: "hold-images", parameters: { images: NEW }, executionSeconds: 900 };
const PATIENCE_SECONDS = 900 + 60 + 20;

/** What becomes of the command on a host; undefined: it ends well, five seconds after it was sent. */
interface Host {
  /** No agent online when it is looked for. */
  offline?: boolean;
  /** Seconds until it ends. */
  takes?: number;
  status?: string;
  details?: string;
  stdout?: string;
}

interface Scene {
  hosts?: Partial<Record<InstanceId, Host>>;
  /** Asked before each call of AWS is answered. @returns an error to answer with */
  trouble?: (operation: string, ids: readonly string[]) => Error | undefined;
  /** Runs each check twice, as after a crash between its end and its storing. */
  crashes?: boolean;
  deadline?: number;
}

const scene = ({ hosts = {}, trouble = () => undefined, crashes = false, deadline = 7_200 }: Scene = {}) => {
  let now = start;
  const sent: { id: string; ids: readonly InstanceId[]; at: number }[] = [];
  const warned: Record<string, unknown>[] = [];
  const answer =
    <Input>(operation: string, ids: (input: Input) => readonly string[], run: (input: Input) => unknown) =>
    (input: Input) =>
      trouble(operation, ids(input)) ?? run(input);
  const invocation = (InstanceId: InstanceId, at: number) => {
    const { takes = 5, status = "Success", details = status, stdout = "{}" } = hosts[InstanceId] ?? {};
    if (now < at + takes * 1000) return { InstanceId, Status: "InProgress", StatusDetails: "InProgress" };
    return { InstanceId, Status: status, StatusDetails: details, CommandPlugins: [{ Output: stdout }] };
  };
  const { client, asked } = clientThat<SSMClient>({
    DescribeInstanceInformation: answer(
      "DescribeInstanceInformation",
      ({ Filters: [filter] }: { Filters: { Values: InstanceId[] }[] }) => filter?.Values ?? [],
      ({ Filters: [filter] }) => ({
        InstanceInformationList: (filter?.Values ?? []).map((InstanceId) => ({
          InstanceId,
          PingStatus: hosts[InstanceId]?.offline ? "ConnectionLost" : "Online",
        })),
      }),
    ),
    SendCommand: answer(
      "SendCommand",
      ({ InstanceIds }: { InstanceIds: InstanceId[] }) => InstanceIds,
      ({ InstanceIds }) => {
        sent.push({ id: `c${sent.length + 1}`, ids: InstanceIds, at: now });
        return { Command: { CommandId: `c${sent.length}` } };
      },
    ),
    ListCommandInvocations: answer(
      "ListCommandInvocations",
      ({ CommandId }: { CommandId: string }) => [CommandId],
      ({ CommandId }) => {
        const found = sent.find(({ id }) => id === CommandId);
        return { CommandInvocations: found?.ids.map((id) => invocation(id, found.at)) ?? [] };
      },
    ),
    CancelCommand: answer(
      "CancelCommand",
      ({ InstanceIds }: { InstanceIds: InstanceId[] }) => InstanceIds,
      () => ({}),
    ),
  });
  const flow: Flow = {
    name: "roll-hive-tomcat-2222222222222222-0",
    step: (_name, run) => run(),
    poll: async <State>(_name: string, initial: State, check: (state: State) => Promise<Check<State>>) => {
      for (let state = initial; ; ) {
        if (crashes) await check(JSON.parse(JSON.stringify(state)));
        const checked = await check(state);
        state = JSON.parse(JSON.stringify(checked.state));
        if (checked.againInSeconds === undefined) return state;
        now += checked.againInSeconds * 1000;
      }
    },
  };
  const lease = {
    about: { repository: "hive-tomcat" },
    deadline: start + deadline * 1000,
    globalDeadline: start + 30_000_000,
    endedAt: start,
  };
  const log = {
    info: () => {},
    error: () => {},
    warn: (_: string, fields: Record<string, unknown>) => void warned.push(fields),
  };
  const world = {
    autoScaling: {} as AutoScalingClient,
    systemsManager: client,
    config: { documentPrefix: "hive-swarm-dev-" } as Config,
    log,
    pause: async () => {},
    now: () => now,
  };
  const run = (hostsAsked: readonly InstanceId[]) =>
    onHosts({ flow, world, lease }, "hosts hold image", hostsAsked, command);
  const inputs = (operation: string) =>
    asked.filter((each) => each.operation === operation).map(({ input }) => input);
  return { run, sent, asked, inputs, warned, lease, waited: () => (now - start) / 1000 };
};

describe("a document on many hosts", () => {
  it("is nothing to do without hosts", async () => {
    const { run, asked } = scene();
    expect(await run([])).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("goes to fifty a call, with the same parameters, and is done when all have ended well", async () => {
    const { run, inputs, waited } = scene();
    expect(await run(hostsOf(120))).toEqual([]);
    const sends = inputs("SendCommand");
    expect(sends.map(({ InstanceIds }) => (InstanceIds as string[]).length)).toEqual([50, 50, 20]);
    expect(sends.flatMap(({ InstanceIds }) => InstanceIds)).toEqual(hostsOf(120));
    expect(sends[0]).toMatchObject({
      DocumentName: "hive-swarm-dev-hold-images",
      Parameters: { images: [NEW], executionTimeout: ["900"] },
      TimeoutSeconds: 60,
      Comment: "roll-hive-tomcat-2222222222222222-0",
    });
    expect(waited()).toBeLessThan(10);
  });

  it("leaves out a host whose agent is not online, or never registered, and goes to the others", async () => {
    const { run, sent } = scene({ hosts: { [hostOf(1)]: { offline: true } } });
    expect(await run(hostsOf(3))).toEqual([
      { instanceId: hostOf(1), silent: true, cause: "its SSM agent is not online" },
    ]);
    expect(sent.map(({ ids }) => ids)).toEqual([[hostOf(0), hostOf(2)]]);
  });

  it("is sent to nobody where no agent is online", async () => {
    const { run, sent } = scene({
      trouble: (op) => (op.startsWith("Desc") ? awsError("InvalidInstanceId") : undefined),
    });
    expect(await run(hostsOf(2))).toEqual(
      hostsOf(2).map((instanceId) => ({ instanceId, silent: true, cause: "its SSM agent is not online" })),
    );
    expect(sent).toEqual([]);
  });

  it("looks again at once while it has just been sent, and then ever more slowly", async () => {
    const { run, inputs, waited } = scene({ hosts: { [hostOf(0)]: { takes: 600 } } });
    expect(await run(hostsOf(2))).toEqual([]);
    expect(waited()).toBeLessThan(640);
    // Not one look a second for ten minutes.
    expect(inputs("ListCommandInvocations").length).toBeLessThan(60);
  });
});

describe("a host on which it does not succeed", () => {
  const troubleOf = async (host: Host) => (await scene({ hosts: { [hostOf(0)]: host } }).run(hostsOf(2)))[0];

  it("says itself at which step, and why", async () => {
    const stdout = '{"failed":{"step":"pull","cause":"no space left on device"}}\n';
    expect(await troubleOf({ status: "Failed", stdout })).toEqual({
      instanceId: hostOf(0),
      silent: false,
      cause: "pull: no space left on device",
    });
  });

  it.each([
    `manifest for ${NEW} not found: manifest unknown: Requested image not found`,
    `pull access denied for ${NEW}, repository does not exist or may require 'docker login': denied: Your Authorization Token has expired. Reauthenticate and try again.`,
  ])("says it shortly, with the end where the reason stands: %s", async (text) => {
    const image = NEW.replace("hive-tomcat", "hive-tomcat".repeat(20));
    const cause = `${image}: ${text.replace(NEW, image)}`;
    const stdout = JSON.stringify({ failed: { step: "pull", cause } });
    const trouble = await troubleOf({ status: "Failed", stdout });
    expect(trouble?.cause).toHaveLength(300);
    expect(trouble?.cause.startsWith("pull: 123456789012.dkr.ecr.")).toBe(true);
    expect(trouble?.cause.endsWith(text.slice(-40))).toBe(true);
    expect(pullCause(hostOf(0), trouble?.cause ?? "").code).toBe(pullCause(hostOf(0), `pull: ${cause}`).code);
  });

  it("says what it printed last, where the script failed without a word of its own", async () => {
    const stdout = `${"x".repeat(400)}\ncommand not found\n`;
    const trouble = await troubleOf({ status: "Failed", stdout });
    expect(trouble).toMatchObject({ silent: false });
    expect(trouble?.cause).toMatch(/^Failed: x+\ncommand not found \(command c1\)$/);
    expect(await troubleOf({ status: "Failed", stdout: "" })).toMatchObject({ cause: "Failed (command c1)" });
  });

  it.each(["DeliveryTimedOut", "ExecutionTimedOut", "Undeliverable", "Terminated", "Cancelled"])(
    "does not answer where its command was %s",
    async (details) => {
      expect(await troubleOf({ status: "TimedOut", details, stdout: "" })).toEqual({
        instanceId: hostOf(0),
        silent: true,
        cause: `${details} (command c1)`,
      });
    },
  );
});

describe("hosts that do not end in time", () => {
  const never = { takes: Number.POSITIVE_INFINITY };

  it("have the command cancelled, they alone, and do not answer", async () => {
    const { run, inputs, waited } = scene({ hosts: { [hostOf(1)]: never, [hostOf(60)]: never } });
    const cause = (id: string) => `it did not answer in time (command ${id})`;
    expect(await run(hostsOf(70))).toEqual([
      { instanceId: hostOf(1), silent: true, cause: cause("c1") },
      { instanceId: hostOf(60), silent: true, cause: cause("c2") },
    ]);
    expect(inputs("CancelCommand")).toEqual([
      { CommandId: "c1", InstanceIds: [hostOf(1)] },
      { CommandId: "c2", InstanceIds: [hostOf(60)] },
    ]);
    expect(waited()).toBeGreaterThan(PATIENCE_SECONDS);
    expect(waited()).toBeLessThan(PATIENCE_SECONDS + 60);
  });

  it("are no more trouble when the cancelling is refused: it is told in the log", async () => {
    const { run, warned } = scene({
      hosts: { [hostOf(0)]: never },
      trouble: (op) => (op === "CancelCommand" ? awsError("InvalidInstanceId", "gone") : undefined),
    });
    expect(await run(hostsOf(1))).toHaveLength(1);
    expect(warned).toEqual([expect.objectContaining({ commandId: "c1", cause: "InvalidInstanceId: gone" })]);
  });

  it("count for nothing past the deadline of the roll, which says what it waited for", async () => {
    const { run } = scene({ hosts: { [hostOf(0)]: never }, deadline: 300 });
    await expect(run(hostsOf(3))).rejects.toThrow(StepFailure);
    await expect(scene({ hosts: { [hostOf(0)]: never }, deadline: 300 }).run(hostsOf(3))).rejects.toThrow(
      "hosts hold image: not done when the time was up (300 s): hold-images: 1 of 3 hosts have not ended",
    );
  });
});

describe("a host that goes away between two calls", () => {
  it("is left out at the next look, and the others get their command", async () => {
    let refused = 0;
    const hosts: Partial<Record<InstanceId, Host>> = {};
    const { run, sent } = scene({
      hosts,
      trouble: (op, ids) => {
        if (op !== "SendCommand" || !ids.includes(hostOf(1))) return undefined;
        refused++;
        hosts[hostOf(1)] = { offline: true };
        return awsError("InvalidInstanceId");
      },
    });
    expect(await run(hostsOf(60))).toEqual([
      { instanceId: hostOf(1), silent: true, cause: "its SSM agent is not online" },
    ]);
    expect(refused).toBe(1);
    expect(sent.map(({ ids }) => ids.length).sort()).toEqual([10, 49]);
  });

  it("ends the wait when Systems Manager refuses for another reason", async () => {
    const { run } = scene({
      trouble: (op) => (op === "SendCommand" ? awsError("InvalidDocument") : undefined),
    });
    await expect(run(hostsOf(2))).rejects.toThrow("hosts hold image: InvalidDocument");
  });
});

describe("an API that is throttled for a moment", () => {
  it.each(["DescribeInstanceInformation", "SendCommand", "ListCommandInvocations"])(
    "in %s has no command sent twice",
    async (operation) => {
      let calls = 0;
      const { run, sent } = scene({
        // Every second call of it, so that of three chunks one is always in the middle.
        trouble: (op) =>
          op === operation && calls++ % 2 === 1 ? awsError("ThrottlingException") : undefined,
      });
      expect(await run(hostsOf(120))).toEqual([]);
      expect(sent.map(({ ids }) => ids.length).sort()).toEqual([20, 50, 50]);
    },
  );
});

describe("whatever becomes of the hosts", () => {
  const host: fc.Arbitrary<Host> = fc.record(
    {
      offline: fc.boolean(),
      takes: fc.constantFrom(0, 1, 30, 900, 5_000),
      status: fc.constantFrom("Success", "Success", "Failed", "TimedOut", "Cancelled"),
      stdout: fc.constantFrom("", "{}", '{"failed":{"step":"pull","cause":"x"}}'),
    },
    { requiredKeys: [] },
  );
  const isWell = ({ offline = false, takes = 5, status = "Success" }: Host): boolean =>
    !offline && takes <= 900 && status === "Success";

  it("those in trouble are told once each, and nobody else; a crash in any check changes nothing of it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(host, { maxLength: 130 }), fc.boolean(), async (each, crashes) => {
        const hosts = Object.fromEntries(each.map((one, index) => [hostOf(index), one]));
        const { run, sent } = scene({ hosts, crashes });
        const troubles = await run(hostsOf(each.length));
        const unwell = hostsOf(each.length).filter((id) => !isWell(hosts[id] ?? {}));
        expect(troubles.map(({ instanceId }) => instanceId).sort()).toEqual(unwell.sort());
        for (const { cause } of troubles) expect(cause.length).toBeLessThan(400);
        // Once each; after a crash once more at most, to the same hosts.
        const online = hostsOf(each.length).filter((id) => !hosts[id]?.offline);
        const reached = sent.flatMap(({ ids }) => ids);
        expect([...new Set(reached)].sort()).toEqual(online.sort());
        expect(reached.length).toBe(online.length * (crashes ? 2 : 1));
        for (const { ids } of sent) expect(ids.length).toBeLessThanOrEqual(50);
      }),
      times(200),
    );
  });
});
