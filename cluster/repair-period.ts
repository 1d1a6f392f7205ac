// How far two repairs of the schedule lie apart, for the alarms that stand on what each of them tells: out of the schedule's own rate, so
// that the two cannot disagree. Read by cluster/alarms.yml.

interface Packager {
  resolveConfigurationProperty(path: readonly string[]): Promise<unknown>;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3_600 };
/** An alarm looks back a day at most, and those of repairs look at two periods and more (CloudWatch, PutMetricAlarm). */
const LONGEST_SECONDS = 6 * 3_600;

/** @throws Error for what EventBridge would not take as a rate, and for one that no alarm could watch. */
export const periodSeconds = (rate: string): number => {
  const [, number, unit = ""] = /^([1-9]\d{0,3}) (minute|hour)s?$/.exec(rate) ?? [];
  const period = Number(number) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (period <= LONGEST_SECONDS) return period;
  throw new Error(
    `repairRate is ${JSON.stringify(rate)}: give it as EventBridge takes it, from "1 minute" to "6 hours" (--param=repairRate='10 minutes'); alarms could not watch one that is longer`,
  );
};

export const seconds = async ({ resolveConfigurationProperty }: Packager): Promise<number> =>
  periodSeconds(String(await resolveConfigurationProperty(["custom", "repairRate"])));
