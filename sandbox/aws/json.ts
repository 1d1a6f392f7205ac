// JSON protocols: an object to and from JSON by its schema. Timestamps are epoch seconds and blobs base64 there.

import type { Schema } from "./schema.ts";

const DATE_TIME = 5;
const HTTP_DATE = 6;

/** Parsed JSON → what the SDK's clients would have been given (dates, byte arrays). Unknown members are dropped. */
export const readJson = (schema: Schema, value: unknown): unknown => {
  if (value === null || value === undefined) return undefined;
  if (schema.isUnitSchema()) return {};
  if (schema.isDocumentSchema()) return value;
  if (schema.isStructSchema()) return mapMembers(schema, value, readJson);
  if (schema.isListSchema()) {
    const member = schema.getValueSchema();
    return asArray(value).map((item) => readJson(member, item));
  }
  if (schema.isMapSchema()) {
    const member = schema.getValueSchema();
    return mapValues(asRecord(value), (item) => readJson(member, item));
  }
  if (schema.isTimestampSchema())
    return typeof value === "number" ? new Date(value * 1000) : new Date(String(value));
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(String(value), "base64"));
  return value;
};

/** The inverse: an operation's output → what JSON.stringify may be given. */
export const writeJson = (schema: Schema, value: unknown): unknown => {
  if (value === null || value === undefined) return undefined;
  if (schema.isUnitSchema()) return {};
  if (schema.isDocumentSchema()) return value;
  if (schema.isStructSchema()) return mapMembers(schema, value, writeJson);
  if (schema.isListSchema()) {
    const member = schema.getValueSchema();
    return asArray(value).map((item) => writeJson(member, item));
  }
  if (schema.isMapSchema()) {
    const member = schema.getValueSchema();
    return mapValues(asRecord(value), (item) => writeJson(member, item));
  }
  if (schema.isTimestampSchema()) return writeTimestamp(schema, value);
  if (schema.isBlobSchema()) return Buffer.from(value as Uint8Array).toString("base64");
  return value;
};

const writeTimestamp = (schema: Schema, value: unknown): number | string => {
  const date = new Date(value as Date | string | number);
  const format = schema.getSchema();
  if (format === DATE_TIME) return date.toISOString();
  if (format === HTTP_DATE) return date.toUTCString();
  return date.getTime() / 1000;
};

const mapMembers = (
  schema: Schema,
  value: unknown,
  convert: (schema: Schema, value: unknown) => unknown,
): Record<string, unknown> => {
  const record = asRecord(value);
  const output: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const converted = convert(member, record[name]);
    if (converted !== undefined) output[name] = converted;
  }
  return output;
};

const mapValues = (
  record: Record<string, unknown>,
  convert: (value: unknown) => unknown,
): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).map(([key, item]) => [key, convert(item)]));

const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
