import { TerminateInstanceInAutoScalingGroupCommand } from "@aws-sdk/client-auto-scaling";
import {
  collectedCounts,
  endedHook,
  expectLinesShipped,
  expectNothingLeft,
  makeLines,
  outcomeOf,
  withSandbox,
} from "./support.ts";

/** Long enough for a slow machine, short enough that a blocked output is given up within a minute. */
const settings = { RETIRE_DEADLINE_SECONDS: "170" };

describe("a worker that retires", () => {
  const sandbox = withSandbox({ workers: 2, settings });

  /** The worker that scale-in takes next: the oldest. */
  const next = async () => (await sandbox().workers())[0]?.instanceId ?? "";

  afterEach(async () => {
    await sandbox().control.collectorMode("accepting");
    await sandbox().scale(2);
    await sandbox().settled(2, 120);
  });

  it("is out of the load balancer, drained, shipped, and out of the swarm, in this order, its hook completed once", async () => {
    const lines = await makeLines(sandbox(), 50);
    const retiring = await next();
    const from = sandbox().timeline.length;
    await sandbox().scale(1);
    expect(await endedHook(sandbox(), retiring, "retire", 90)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    expect(await outcomeOf(sandbox(), `retire-${retiring}-0`)).toMatchObject({
      outcome: "retired",
      logs: "shipped",
    });
    const order = [
      /deregistered/,
      /set to drain/,
      /logs shipped/,
      /leave swarm/,
      /Terminating:Wait → Terminating:Proceed/,
    ];
    const times = await Promise.all(
      order.map((part) =>
        sandbox().until(String(part), () => {
          const told = sandbox()
            .timeline.slice(from)
            .filter(({ instanceId }) => instanceId === retiring);
          return told.find(({ text }) => part.test(text))?.at;
        }),
      ),
    );
    expect(times).toEqual([...times].sort((a, b) => a - b));
    await expectNothingLeft(sandbox(), retiring);
    expectLinesShipped(sandbox(), lines);
  });

  it("once, when its event comes three times", async () => {
    const retiring = await next();
    await sandbox().control.disturbEvents({ detailType: "terminate", deliveries: [0, 200, 3_000], times: 1 });
    await sandbox().scale(1);
    expect(await endedHook(sandbox(), retiring, "retire", 90)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    const flows = (await sandbox().control.executions()).filter(({ name }) =>
      name.startsWith(`retire-${retiring}`),
    );
    expect(flows.length).toBe(1);
  });

  it("ships every line of a file that was rotated and of one that was deleted while filebeat held it open", async () => {
    const retiring = await next();
    const run = (script: string) =>
      sandbox().control.exec(retiring, `cd /var/log/hive/by-hand && ${script}`, 30);
    const append = (file: string, from: number, to: number) =>
      `seq -f 'line %g of ${file}' ${from} ${to} >> ${file}.log`;
    const shipped = () => collectedCounts(sandbox(), /^(line \d+ of (?:rotated|deleted))$/);
    await sandbox().control.exec(retiring, "mkdir -p /var/log/hive/by-hand");
    await run(`${append("rotated", 1, 500)} && ${append("deleted", 1, 500)}`);
    await sandbox().until("the first lines at the collector", () => shipped().size === 1_000);

    // Nothing gets through while the files change, so that there is a backlog in each when the retirement begins.
    await sandbox().control.collectorMode("blocked");
    await run(`${append("rotated", 501, 900)} && ${append("deleted", 501, 900)} && sleep 2`);
    await run(`mv rotated.log rotated.log.1 && ${append("rotated", 901, 1_000)} && rm deleted.log`);
    const held = await run(
      "readlink /proc/$(pidof filebeat | cut -d ' ' -f 1)/fd/* | grep -c 'deleted.log (deleted)'",
    );
    expect(Number(held.stdout)).toBeGreaterThanOrEqual(1);
    expect(shipped().size).toBe(1_000);

    await sandbox().scale(1);
    await sandbox().until("a sample of the logs", async () =>
      (await sandbox().control.commands()).some(
        ({ instanceId, document, status }) =>
          instanceId === retiring && document === "log-state" && status === "Success",
      ),
    );
    await sandbox().control.collectorMode("accepting");
    expect(await outcomeOf(sandbox(), `retire-${retiring}-0`, 120)).toMatchObject({
      outcome: "retired",
      logs: "shipped",
    });
    const wanted = (file: string, lines: number) =>
      Array.from({ length: lines }, (_, index) => `line ${index + 1} of ${file}`);
    const counts = shipped();
    const missing = [...wanted("rotated", 1_000), ...wanted("deleted", 900)].filter(
      (line) => !counts.has(line),
    );
    expect(missing).toEqual([]);
  });

  it("whose filebeat is dead gets it started again, and loses no line", async () => {
    const retiring = await next();
    await sandbox().control.stopShipper(retiring);
    const lines = await makeLines(sandbox(), 40, 1_000);
    await sandbox().scale(1);
    expect(await outcomeOf(sandbox(), `retire-${retiring}-0`, 150)).toMatchObject({
      outcome: "retired",
      logs: "shipped",
    });
    expectLinesShipped(sandbox(), lines);
  });

  it("and is killed in the middle goes the short way, leaving no node behind", async () => {
    const retiring = await next();
    await sandbox().control.collectorMode("blocked");
    await makeLines(sandbox(), 20, 2_000);
    await sandbox().scale(1);
    await sandbox().until("the wait for the logs", () =>
      sandbox().timeline.some(({ instanceId, text }) => instanceId === retiring && /drain node/.test(text)),
    );
    await sandbox().control.kill(retiring);
    expect(await outcomeOf(sandbox(), `retire-${retiring}-0`, 150)).toMatchObject({
      outcome: "retired",
      logs: "died with the host",
    });
    expect(await endedHook(sandbox(), retiring, "retire")).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    await expectNothingLeft(sandbox(), retiring);
  });

  it("and was dead before goes the short way", async () => {
    const dead = await next();
    await sandbox().control.kill(dead);
    expect(await endedHook(sandbox(), dead, "retire", 120)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    expect(await outcomeOf(sandbox(), `retire-${dead}-0`)).toMatchObject({
      outcome: "retired",
      logs: "died with the host",
    });
    await expectNothingLeft(sandbox(), dead);
  });

  it("after a Spot warning that its own metadata confirms", async () => {
    const spot = await next();
    await sandbox().control.interruptSpot(spot);
    await sandbox().until(
      "the node's removal",
      () =>
        sandbox().timeline.some(
          ({ instanceId, text }) => instanceId === spot && /out of the swarm/.test(text),
        ),
      150,
    );
    await sandbox().control.kill(spot);
    expect(await endedHook(sandbox(), spot, "retire", 120)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    expect(await outcomeOf(sandbox(), `retire-${spot}-0`)).toMatchObject({
      outcome: "retired",
      logs: "shipped",
    });
  }, 300_000);

  it("with filebeat's output blocked is kept with its logs, and nothing is lost", async () => {
    const kept = await next();
    await sandbox().control.collectorMode("blocked");
    const lines = await makeLines(sandbox(), 60, 3_000);
    await sandbox().scale(1);
    expect(await endedHook(sandbox(), kept, "retire", 150)).toMatchObject({
      result: "ABANDON",
      completions: 1,
    });
    expect(await outcomeOf(sandbox(), `retire-${kept}-0`)).toMatchObject({ outcome: "retained" });
    await expectNothingLeft(sandbox(), kept);
    const state = async () =>
      (await sandbox().control.history()).filter(({ instanceId }) => instanceId === kept).at(-1)?.to;
    expect(await state()).toBe("Terminating:Retained");

    // The machine goes on shipping for as long as it is kept.
    await sandbox().control.collectorMode("accepting");
    await sandbox().until("the lines at the collector", () => {
      expectLinesShipped(sandbox(), lines);
      return true;
    });
    await sandbox().autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: kept,
        ShouldDecrementDesiredCapacity: false,
      }),
    );
    await sandbox().until("the end of the kept machine", async () => (await state()) === "Terminated");
  }, 300_000);
});

describe("a worker whose function dies on the way", () => {
  const sandbox = withSandbox({ workers: 1 });

  it("is retired all the same, its hook completed once", async () => {
    const [worker] = await sandbox().workers();
    const retiring = worker?.instanceId ?? "";
    await sandbox().scale(0);
    for (const step of [/host answers/, /drain node/, /leave swarm/]) {
      await sandbox().until(String(step), () =>
        sandbox().timeline.some(({ instanceId, text }) => instanceId === retiring && step.test(text)),
      );
      await sandbox().control.killFunction("retire-node");
    }
    expect(await endedHook(sandbox(), retiring, "retire", 90)).toMatchObject({
      result: "CONTINUE",
      completions: 1,
    });
    expect(await outcomeOf(sandbox(), `retire-${retiring}-0`)).toMatchObject({
      outcome: "retired",
      logs: "shipped",
    });
    await expectNothingLeft(sandbox(), retiring);
  });
});
