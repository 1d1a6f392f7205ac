import { TerminateInstanceInAutoScalingGroupCommand } from "@aws-sdk/client-auto-scaling";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { names } from "../../sandbox/cloud/configuration.ts";
import {
  endedHook,
  expectNothingLeft,
  type NodeEvent,
  nodeEvents,
  outcomeOf,
  withSandbox,
  workerIn,
} from "./support.ts";

describe("a worker that joins", () => {
  const sandbox = withSandbox({ workers: 1, settings: { JOIN_DEADLINE_SECONDS: "40" } });

  const ids = async () => (await sandbox().workers()).map(({ instanceId }) => instanceId);
  const grow = async (to: number) => {
    const before = await ids();
    await sandbox().scale(to);
    return await workerIn(sandbox(), "Pending:Wait", before);
  };

  afterEach(async () => {
    await sandbox().scale(1);
    await sandbox().settled(1, 150);
  });

  it("is a labelled, active node with a running task, InService, its hook completed once", async () => {
    const { instances } = await sandbox().settled(1);
    const worker = instances.find(({ group }) => group === names.workerGroup);
    expect(worker?.node).toMatchObject({ role: "worker", state: "ready", availability: "active" });
    expect(worker?.node?.instanceId).toBe(worker?.instanceId);
    expect(worker?.runningTasks).toBe(1);
    expect(await endedHook(sandbox(), worker?.instanceId ?? "", "join")).toMatchObject({
      result: "CONTINUE",
      by: "call",
      completions: 1,
    });
  });

  it("asks a manager once, and its own host twice", async () => {
    const joining = await grow(2);
    await endedHook(sandbox(), joining, "join");
    const manager = (await sandbox().managers())[0]?.instanceId;
    const mine = (await sandbox().control.commands()).filter(
      ({ comment }) => comment === `join-${joining}-0`,
    );
    expect(mine.filter(({ instanceId }) => instanceId === manager).length).toBe(1);
    expect(mine.filter(({ instanceId }) => instanceId === joining).length).toBe(2);
  });

  it("joins once when its event comes twice, and forged, foreign and late events change nothing", async () => {
    await sandbox().control.disturbEvents({ detailType: "launch", deliveries: [0, 300], times: 1 });
    const joining = await grow(2);
    expect(await endedHook(sandbox(), joining, "join")).toMatchObject({ completions: 1, result: "CONTINUE" });
    await sandbox().settled(2);

    const history = (await sandbox().control.history()).length;
    const commands = (await sandbox().control.commands()).length;
    const event = (detail: Record<string, string>, type = "terminate") => ({
      Source: "aws.autoscaling",
      DetailType: `EC2 Instance-${type} Lifecycle Action`,
      Detail: JSON.stringify({
        LifecycleActionToken: "forged",
        AutoScalingGroupName: names.workerGroup,
        LifecycleHookName: type === "terminate" ? "retire" : "join",
        EC2InstanceId: joining,
        LifecycleTransition: `autoscaling:EC2_INSTANCE_${type === "terminate" ? "TERMINATING" : "LAUNCHING"}`,
        ...detail,
      }),
    });
    await sandbox().events.send(
      new PutEventsCommand({
        Entries: [
          event({}),
          event({}, "launch"),
          event({ EC2InstanceId: "i-0fffffffffffffff9" }),
          event({ AutoScalingGroupName: "other-group" }),
          event({ LifecycleHookName: "somebody-elses" }),
        ],
      }),
    );
    // The flow looks for a minute whether the instance is going to wait, and asks the host about an interruption.
    expect(await outcomeOf(sandbox(), `retire-${joining}-0`, 90)).toEqual({
      outcome: "ignored",
      state: "InService",
    });
    expect(await outcomeOf(sandbox(), "retire-i-0fffffffffffffff9-0", 90)).toEqual({
      outcome: "ignored",
      state: "in no group",
    });
    expect((await sandbox().control.history()).length).toBe(history);
    const sent = (await sandbox().control.commands()).slice(commands);
    expect(sent.map(({ document }) => document)).toEqual(["begin-retire"]);
    await sandbox().settled(2);
  });

  it("whose agent never comes online is kept waiting with heartbeats, then abandoned and replaced", async () => {
    await sandbox().control.neverOnline(1);
    const silent = await grow(2);
    const record = await endedHook(sandbox(), silent, "join", 90);
    expect(record).toMatchObject({ result: "ABANDON", by: "call", completions: 1 });
    expect(record.heartbeats.length).toBeGreaterThanOrEqual(2);
    expect(await outcomeOf(sandbox(), `join-${silent}-0`)).toMatchObject({
      outcome: "abandoned",
      step: "agent online",
    });
    const { instances } = await sandbox().settled(2, 90);
    expect(instances.map(({ instanceId }) => instanceId)).not.toContain(silent);
    await expectNothingLeft(sandbox(), silent);
  });

  it("with a wrong token is abandoned, naming the step and the cause, and leaves nothing behind", async () => {
    const Name = names.workerToken;
    const { Parameter } = await sandbox().systemsManager.send(
      new GetParameterCommand({ Name, WithDecryption: true }),
    );
    const put = (Value: string) =>
      sandbox().systemsManager.send(
        new PutParameterCommand({ Name, Value, Type: "SecureString", Overwrite: true }),
      );
    const right = Parameter?.Value ?? "";
    // Same swarm, another secret: what a token looks like that was rotated and not stored again.
    await put(right.replace(/[^-]+$/, (secret) => [...secret].reverse().join("")));
    const refused = await grow(2);
    const outcome = await outcomeOf(sandbox(), `join-${refused}-0`, 90);
    await put(right);
    expect(outcome).toMatchObject({ outcome: "abandoned", step: "join host", untidied: [] });
    expect(outcome.cause).toMatch(/join token/);
    expect(await endedHook(sandbox(), refused, "join")).toMatchObject({ result: "ABANDON", completions: 1 });
    await sandbox().settled(2, 90);
    await expectNothingLeft(sandbox(), refused);
  });

  it("that is killed on the way is replaced, and leaves nothing behind", async () => {
    const killed = await grow(2);
    await sandbox().control.kill(killed);
    const { instances } = await sandbox().settled(2, 120);
    expect(instances.map(({ instanceId }) => instanceId)).not.toContain(killed);
    expect(await outcomeOf(sandbox(), `join-${killed}-0`, 90)).toMatchObject({ outcome: "overtaken" });
    expect(await endedHook(sandbox(), killed, "retire")).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    await expectNothingLeft(sandbox(), killed);
  });

  /** Its nodes went from active to drained at most, and once, and never back; `since` when there was none of them. */
  const expectNeverActiveAgain = async (doomed: string, since: number): Promise<NodeEvent[]> => {
    const [manager] = await sandbox().managers();
    const history = await nodeEvents(sandbox(), manager?.instanceId ?? "", since);
    const turns = history.filter(({ availability }) => availability !== undefined);
    // A node joins drained, so that one which was never active needs no turn.
    expect([[], ["active", "drain"]]).toContainEqual(turns.map(({ availability }) => availability));
    const drained = (await sandbox().control.commands()).find(
      ({ document, comment, status }) =>
        document.endsWith("drain-node") && comment === `retire-${doomed}-0` && status === "Success",
    );
    const end = drained?.endedAt ?? Number.POSITIVE_INFINITY;
    expect(turns.filter(({ at, availability }) => availability === "active" && at > end)).toEqual([]);
    return history;
  };

  const terminate = async (doomed: string): Promise<void> => {
    await sandbox().autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: doomed,
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    expect(await endedHook(sandbox(), doomed, "retire", 120)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    await sandbox().settled(1, 90);
  };

  it.each([0, 700, 1_500, 2_500])(
    "and is terminated %i ms later is never active after its drain began, and leaves nothing behind",
    async (milliseconds) => {
      const since = Date.now();
      const doomed = await grow(2);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await terminate(doomed);
      await expectNeverActiveAgain(doomed, since);
      await expectNothingLeft(sandbox(), doomed);
    },
  );

  it("and is terminated as soon as it is active is drained, never active again, and leaves nothing behind", async () => {
    const since = Date.now();
    const doomed = await grow(2);
    await sandbox().until("its node to be active", async () => {
      const found = (await sandbox().workers()).find(({ instanceId }) => instanceId === doomed);
      return found?.node?.availability === "active";
    });
    await terminate(doomed);
    const history = await expectNeverActiveAgain(doomed, since);
    expect(history.map(({ action }) => action)).toEqual(expect.arrayContaining(["create", "remove"]));
    expect(history.filter(({ availability }) => availability !== undefined)).toHaveLength(2);
    await expectNothingLeft(sandbox(), doomed);
  });
});

describe("a worker that joins a group whose load balancer is not attached", () => {
  const sandbox = withSandbox({ workers: 1, attached: false });

  it("registers itself, is InService before its hook is completed, and takes itself out before it drains", async () => {
    await sandbox().settled(1);
    const [worker] = await sandbox().workers();
    const at = (part: RegExp) =>
      sandbox().until(
        String(part),
        () =>
          sandbox().timeline.find(
            ({ text, instanceId }) => part.test(text) && instanceId === worker?.instanceId,
          )?.at,
      );
    expect(await at(/^join: load balancer in/)).toBeLessThan(await at(/^join: complete CONTINUE/));
    await sandbox().scale(0);
    await sandbox().settled(0, 90);
    expect(await at(/^retire: load balancer out/)).toBeLessThan(await at(/^retire: drain node/));
    const own = (await sandbox().control.hookRecords()).filter(({ group }) => group === names.workerGroup);
    expect(own.map(({ completions }) => completions)).toEqual([1, 1]);
  });
});

describe("a worker that joins a swarm of three managers", () => {
  const sandbox = withSandbox({ managers: 3, workers: 1 });

  it("asks another one when the first stops answering half way", async () => {
    const before = (await sandbox().workers()).map(({ instanceId }) => instanceId);
    await sandbox().scale(2);
    const joining = await workerIn(sandbox(), "Pending:Wait", before);
    const managers = (await sandbox().managers()).map(({ instanceId }) => instanceId).sort();
    // The one that this flow asks first: it begins with another for each instance.
    const first = managers[Number.parseInt(joining.slice(-4), 16) % managers.length] ?? "";
    await sandbox().control.freeze(first);
    await sandbox().settled(2, 120);
    const asked = (await sandbox().control.commands()).filter(
      ({ document, comment }) => document.endsWith("activate-node") && comment === `join-${joining}-0`,
    );
    expect(asked.some(({ instanceId, status }) => instanceId !== first && status === "Success")).toBe(true);
    expect(await endedHook(sandbox(), joining, "join")).toMatchObject({ result: "CONTINUE", completions: 1 });
    await sandbox().control.thaw(first);
  });
});

describe("a worker that joins while no manager answers", () => {
  const sandbox = withSandbox({ managers: 1, workers: 1, settings: { JOIN_DEADLINE_SECONDS: "30" } });

  it("is held with heartbeats past its deadline, never abandoned, and joins when one is back", async () => {
    const [manager] = await sandbox().managers();
    const before = (await sandbox().workers()).map(({ instanceId }) => instanceId);
    await sandbox().control.freeze(manager?.instanceId ?? "");
    await sandbox().scale(2);
    const held = await workerIn(sandbox(), "Pending:Wait", before);
    await sandbox().until(
      "the word that no manager answers, and a third heartbeat past the deadline",
      async () => {
        const word = (await sandbox().control.functionLog("join-node")).includes(
          "no manager answers: holding",
        );
        const record = (await sandbox().control.hookRecords()).find(({ instanceId }) => instanceId === held);
        const last = record?.heartbeats[2] === undefined ? undefined : record.heartbeats.at(-1);
        return word && last !== undefined && last > (record?.startedAt ?? 0) + 30_000;
      },
      180,
    );
    await sandbox().control.thaw(manager?.instanceId ?? "");
    await sandbox().settled(2, 120);
    const record = await endedHook(sandbox(), held, "join");
    expect(record).toMatchObject({ result: "CONTINUE", completions: 1 });
  });
});
