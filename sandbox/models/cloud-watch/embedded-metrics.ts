// Metrics out of log lines, as CloudWatch Logs takes them out of records in the embedded metric format ("Specification: Embedded metric
// format" of the user guide). The real one drops what does not keep to the format without a word to whoever wrote it: here that is an error.
import type { Datum } from "./types.ts";

interface Directive {
  Namespace?: unknown;
  Dimensions?: unknown;
  Metrics?: unknown;
}

const MOST_DIMENSIONS = 30;
const MOST_METRICS = 100;
const UNITS = ["Seconds", "Milliseconds", "Bytes", "Percent", "Count", "None"];

/** @returns the data of a line; none of one that is no JSON or carries no metrics. @throws when the format is not kept */
export const embeddedMetrics = (line: string): Datum[] => {
  const record = parsed(line);
  if (record === undefined || !("_aws" in record)) return [];
  const wrong = (what: string): Error =>
    new Error(`no embedded metric format: ${what}: ${line.slice(0, 300)}`);
  const { Timestamp, CloudWatchMetrics } = (record._aws ?? {}) as Record<string, unknown>;
  if (typeof Timestamp !== "number") throw wrong("Timestamp must be milliseconds");
  if (!Array.isArray(CloudWatchMetrics)) throw wrong("CloudWatchMetrics must be a list");

  const dimensionsOf = (keys: unknown): Record<string, string> => {
    if (!Array.isArray(keys) || keys.length > MOST_DIMENSIONS) throw wrong("a set of dimensions is a list");
    return Object.fromEntries(
      keys.map((key: string) => {
        const value = record[key];
        if (typeof value !== "string" || value === "" || value.length > 1024)
          throw wrong(`dimension ${key} must be a member of the record, and a string`);
        return [key, value];
      }),
    );
  };

  return (CloudWatchMetrics as Directive[]).flatMap(({ Namespace, Dimensions, Metrics }) => {
    if (typeof Namespace !== "string" || Namespace === "") throw wrong("Namespace is missing");
    if (!Array.isArray(Dimensions) || !Array.isArray(Metrics)) throw wrong("a directive has lists");
    if (Metrics.length > MOST_METRICS) throw wrong(`more than ${MOST_METRICS} metrics`);
    return Dimensions.flatMap((keys) =>
      (Metrics as { Name: string; Unit?: string }[]).flatMap(({ Name, Unit = "None" }) => {
        if (!UNITS.includes(Unit)) throw wrong(`unit ${Unit} of ${Name}`);
        const values = [record[Name]].flat();
        if (values.length === 0 || !values.every((value) => typeof value === "number"))
          throw wrong(`${Name} must be a member of the record, and a number`);
        return values.map((value) => ({
          namespace: Namespace,
          name: Name,
          dimensions: dimensionsOf(keys),
          value: value as number,
          at: Timestamp,
        }));
      }),
    );
  });
};

/** A JSON object; undefined: the line is none. */
export const parsed = (line: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};
