// CloudWatch, as far as alarms need it: takes in log lines and what AWS's services tell themselves, and says of each alarm of a template when
// it went into ALARM and out of it.
import type { AlarmDefinition, Monitoring } from "../../template/monitoring.ts";
import { embeddedMetrics } from "./embedded-metrics.ts";
import { type AlarmState, evaluate } from "./evaluation.ts";
import { filteredMetrics } from "./metric-filters.ts";
import { type Datum, seriesOf } from "./types.ts";

export interface LogLine {
  logGroup: string;
  line: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface Change {
  alarm: string;
  state: AlarmState;
  at: number;
}

const MINUTE = 60_000;

export class CloudWatch {
  readonly #monitoring: Pick<Monitoring, "alarms" | "filters">;
  readonly #series = new Map<string, Datum[]>();

  constructor(monitoring: Pick<Monitoring, "alarms" | "filters">) {
    this.#monitoring = monitoring;
  }

  /** @throws when it carries metrics in a format that the real one would drop */
  take({ logGroup, line, at }: LogLine): void {
    const filters = this.#monitoring.filters.filter((filter) => filter.logGroup === logGroup);
    this.put([...embeddedMetrics(line), ...filters.flatMap((filter) => filteredMetrics(filter, line, at))]);
  }

  put(data: readonly Datum[]): void {
    for (const datum of data) {
      const series = seriesOf(datum);
      const known = this.#series.get(series);
      if (known) known.push(datum);
      else this.#series.set(series, [datum]);
    }
  }

  /** What SQS tells of a queue each minute. @param sentAt of the messages that lie in it */
  putQueue(queueName: string, sentAt: readonly number[], from: number, to: number): void {
    for (let at = from; at < to; at += MINUTE) {
      const value = sentAt.filter((sent) => sent <= at).length;
      const name = "ApproximateNumberOfMessagesVisible";
      this.put([{ namespace: "AWS/SQS", name, dimensions: { QueueName: queueName }, value, at }]);
    }
  }

  /** One datum of each series that was ever told. */
  metrics(): Datum[] {
    return [...this.#series.values()].flatMap(([first]) => (first ? [first] : []));
  }

  stateAt(alarm: AlarmDefinition, now: number): AlarmState {
    const { namespace, metricName: name, dimensions } = alarm;
    return evaluate(alarm, this.#series.get(seriesOf({ namespace, name, dimensions })) ?? [], now);
  }

  /** Each alarm is evaluated once a minute, and is OK before the first one. */
  changes(from: number, to: number): Change[] {
    return this.#monitoring.alarms
      .flatMap((alarm) => {
        const found: Change[] = [];
        let before: AlarmState = "OK";
        for (let at = from; at <= to; at += MINUTE) {
          const state = this.stateAt(alarm, at);
          if (state !== before) found.push({ alarm: alarm.name, state, at });
          before = state;
        }
        return found;
      })
      .sort((one, other) => one.at - other.at);
  }
}
