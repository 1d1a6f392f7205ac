// One evaluation of an alarm, as the user guide has it ("Using Amazon CloudWatch alarms", "Configuring how CloudWatch alarms treat missing
// data"): once a minute, on periods that end with that minute; the most recent that have data, some farther back where some are missing, and the treatment of missing data only for
// what is still missing then.
import type { AlarmDefinition } from "../../template/monitoring.ts";
import type { Datum } from "./types.ts";

export type AlarmState = "OK" | "ALARM";

/** So many periods more than it evaluates are asked for; the guide gives no number, and has five for three in its example. */
const FARTHER_BACK = 2;

const STATISTICS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  Average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  SampleCount: (values) => values.length,
};

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const known = <T>(kind: string, table: Readonly<Record<string, T>>, name: string): T => {
  const found = table[name];
  if (found === undefined) throw new Error(`The sandbox does not know the ${kind} ${name} of an alarm`);
  return found;
};

const MISSING: Readonly<Record<string, boolean>> = { breaching: true, notBreaching: false };

/** @param data of the alarm's series alone @throws when the alarm uses what is not known here */
export const evaluate = (alarm: AlarmDefinition, data: readonly Datum[], now: number): AlarmState => {
  const statistic = known("statistic", STATISTICS, alarm.statistic);
  const breaches = known("comparison", COMPARISONS, alarm.comparison);
  const missing = known("treatment of missing data", MISSING, alarm.treatMissingData);
  const period = alarm.periodSeconds * 1000;
  const end = Math.floor(now / 60_000) * 60_000;
  const wanted = alarm.evaluationPeriods;

  // Newest first; a period without data is no number.
  const seen = Array.from({ length: wanted + FARTHER_BACK }, (_, index) => {
    const [from, to] = [end - (index + 1) * period, end - index * period];
    const values = data.filter(({ at }) => at >= from && at < to).map(({ value }) => value);
    return values.length === 0 ? [] : [breaches(statistic(values), alarm.threshold)];
  }).flat();
  const judged =
    seen.length >= wanted
      ? seen.slice(0, wanted)
      : [...seen, ...Array.from({ length: wanted - seen.length }, () => missing)];
  return judged.filter(Boolean).length >= alarm.datapointsToAlarm ? "ALARM" : "OK";
};
