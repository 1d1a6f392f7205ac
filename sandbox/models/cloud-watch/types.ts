// What a metric is made of.

/** One value of one series. */
export interface Datum {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  value: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A series is known by namespace, name and exactly these dimensions: another set of them is another series. */
export const seriesOf = ({ namespace, name, dimensions }: Omit<Datum, "value" | "at">): string =>
  JSON.stringify([
    namespace,
    name,
    Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1)),
  ]);
