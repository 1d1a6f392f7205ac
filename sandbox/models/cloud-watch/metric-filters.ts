// Metrics out of log lines by a filter of the log group: its value for each line that matches, its default for each other one (the real one
// tells the default once a minute in which lines came and none matched).
import type { MetricFilterDefinition } from "../../template/monitoring.ts";
import { parsed } from "./embedded-metrics.ts";
import type { Datum } from "./types.ts";

/** `{ $.level = "ERROR" }`: the one kind of pattern that is known here. */
const PATTERN = /^\{ \$\.(\w+) = "([^"]*)" \}$/;

/** @throws when the filter's pattern is another one */
export const filteredMetrics = (
  { pattern, namespace, metricName, value, defaultValue }: MetricFilterDefinition,
  line: string,
  at: number,
): Datum[] => {
  const [, member, wanted] = PATTERN.exec(pattern) ?? [];
  if (member === undefined) throw new Error(`The sandbox does not know the filter pattern ${pattern}`);
  const told = parsed(line)?.[member] === wanted ? value : defaultValue;
  return told === undefined ? [] : [{ namespace, name: metricName, dimensions: {}, value: told, at }];
};
