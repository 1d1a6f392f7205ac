// Metrics as the functions write them: a log record of Powertools' logger that CloudWatch takes for one of the embedded metric format.
import { embeddedMetrics } from "../../sandbox/models/cloud-watch/embedded-metrics.ts";
import { createLog } from "../../shared/log.ts";
import { embedded, flowMeasured, METRICS, stepMeasured } from "../../shared/metrics.ts";

const METERING = { cluster: "hive", stepMetrics: true };

describe("a log record that measures something", () => {
  const written: string[] = [];
  const { write } = process.stdout;
  beforeEach(() => {
    written.length = 0;
    process.stdout.write = ((text: string) => written.push(text) > 0) as typeof write;
  });
  afterEach(() => {
    process.stdout.write = write;
  });

  it("is one line, with the record and its metrics", () => {
    const before = Date.now();
    createLog("retire-node", METERING).info(
      "step done",
      { flow: "retire-i-0abc-0", step: "drain node", seconds: 2 },
      stepMeasured("retire-i-0abc-0", "drain node", 2),
    );
    process.stdout.write = write;
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? "")).toMatchObject({
      level: "INFO",
      message: "step done",
      service: "retire-node",
      flow: "retire-i-0abc-0",
      step: "drain node",
    });
    const [datum, ...others] = embeddedMetrics(written[0] ?? "");
    expect(others).toEqual([]);
    expect(datum).toMatchObject({
      namespace: "hive-swarm",
      name: "StepSeconds",
      dimensions: { Cluster: "hive", Flow: "retire", Step: "drain node" },
      value: 2,
    });
    expect(datum?.at).toBeGreaterThanOrEqual(before);
  });

  it("measures nothing where nothing is measured, or steps are not to be", () => {
    createLog("plan", METERING).info("plan", { flow: "plan-1" });
    createLog("plan", { ...METERING, stepMetrics: false }).info(
      "step ended",
      {},
      stepMeasured("plan-1", "look", 1),
    );
    process.stdout.write = write;
    expect(written.flatMap(embeddedMetrics)).toEqual([]);
    expect(written.join("")).not.toContain("_aws");
  });
});

describe("measurements", () => {
  const data = (measured: Parameters<typeof embedded>[1], stepMetrics = true) =>
    embeddedMetrics(JSON.stringify(embedded({ ...METERING, stepMetrics }, measured, 1)));

  it("of one record go to series of their own dimensions", () => {
    const found = data(flowMeasured("roll-hive-tomcat-3f2a-0", "rolled back", 40, { RollsRolledBack: 1 }));
    expect(found.map(({ name, dimensions }) => [name, dimensions])).toEqual([
      ["FlowSeconds", { Cluster: "hive", Flow: "roll", Outcome: "rolled back" }],
      ["RollsRolledBack", { Cluster: "hive" }],
    ]);
  });

  it("of a step that failed are told even where steps are not timed", () => {
    const failed = stepMeasured("join-i-0abc-0", "join host", 3, true);
    expect(data(failed).map(({ name }) => name)).toEqual(["StepSeconds", "StepFailures"]);
    expect(data(failed, false).map(({ name }) => name)).toEqual(["StepFailures"]);
  });

  it("are told apart by nothing that names one instance, one service or one execution", () => {
    const keys = Object.values(METRICS).flatMap(({ by }) => [...by]);
    expect([...new Set<string>(keys)].sort()).toEqual(["Flow", "Outcome", "Step"]);
  });
});
