// What is counted and timed: the metrics of CloudWatch, each with its unit and what tells its series apart. A measurement goes out with the
// log record that tells the same, in the embedded metric format: no call, no permission, and never a metric that no record explains.

/** Each series costs money for each hour in which it is told (docs/cost.md), so `by` names no instance, no service and no execution. */
export const METRICS = {
  /** From its first look to its report; its count is how many ended so. */
  FlowSeconds: { unit: "Seconds", by: ["Flow", "Outcome"] },
  StepSeconds: { unit: "Seconds", by: ["Flow", "Step"] },
  /** Failed for good, or out of time. */
  StepFailures: { unit: "Count", by: ["Flow", "Step"] },
  RollsRolledBack: { unit: "Count", by: [] },
  RetirementsFailed: { unit: "Count", by: [] },
  /** How many are kept; one, at the moment in which one is. */
  MachinesRetained: { unit: "Count", by: [] },
  /** The fullest of the hosts that held images just now. */
  DiskPercent: { unit: "Percent", by: [] },
  /** The gauges of each repair. The oldest wait of a lifecycle hook, in percent of what its flow may take. */
  WaitPercent: { unit: "Percent", by: [] },
  /** 1: a manager answered; 0: none did. */
  ManagersAnswer: { unit: "Count", by: [] },
  ManagersReachable: { unit: "Count", by: [] },
  /** Parts of the picture that could not be read. */
  PartsUnread: { unit: "Count", by: [] },
} as const satisfies Record<string, { unit: "Seconds" | "Count" | "Percent"; by: readonly Dimension[] }>;

export const NAMESPACE = "hive-swarm";

type Dimension = "Flow" | "Step" | "Outcome";
export type MetricName = keyof typeof METRICS;

/** One record's measurements: values, and what tells their series apart. */
export interface Measured {
  values: Partial<Record<MetricName, number>>;
  by?: Partial<Record<Dimension, string>>;
}

/** `join-i-0abc-0` → `join`. */
const kindOf = (flowName: string): string => flowName.split("-", 1)[0] ?? flowName;

export const stepMeasured = (flowName: string, step: string, seconds: number, failed = false): Measured => ({
  values: { StepSeconds: seconds, ...(failed && { StepFailures: 1 }) },
  by: { Flow: kindOf(flowName), Step: step },
});

/** @param more what else the same record counts */
export const flowMeasured = (
  flowName: string,
  outcome: string,
  seconds: number,
  more: Measured["values"] = {},
): Measured => ({
  values: { FlowSeconds: seconds, ...more },
  by: { Flow: kindOf(flowName), Outcome: outcome },
});

/**
 * The members that make a log record one of the embedded metric format (Amazon CloudWatch user guide, "Specification: Embedded metric format"):
 * one directive for each set of dimensions. `Cluster` is a dimension of all.
 */
export const embedded = (
  { cluster, stepMetrics }: { cluster: string; stepMetrics: boolean },
  { values: all, by = {} }: Measured,
  timestamp: number,
): object => {
  const { StepSeconds, ...others } = all;
  const values = stepMetrics ? all : others;
  const names = Object.keys(values) as MetricName[];
  if (names.length === 0) return {};
  const sets = [...new Set(names.map((name) => METRICS[name].by.join(" ")))];
  return {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: sets.map((set) => ({
        Namespace: NAMESPACE,
        Dimensions: [["Cluster", ...set.split(" ").filter(Boolean)]],
        Metrics: names
          .filter((name) => METRICS[name].by.join(" ") === set)
          .map((name) => ({ Name: name, Unit: METRICS[name].unit })),
      })),
    },
    Cluster: cluster,
    ...by,
    ...values,
  };
};
