// Required members of an input, refused as AWS refuses them. (The SDK and the CLI can leave them out.)

import { AwsError } from "../ports.ts";
import { type ProtocolName, requiredMembers, type Schema } from "./schema.ts";

/** @throws AwsError `ValidationError` (query) or `ValidationException`, naming every missing member. */
export const validateRequired = (schema: Schema, input: unknown, protocol: ProtocolName): void => {
  const missing = missingMembers(schema, input, "");
  if (missing.length === 0) return;
  const detail = missing.map(
    (path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`,
  );
  throw new AwsError(
    protocol === "awsQuery" ? "ValidationError" : "ValidationException",
    `${missing.length} validation error${missing.length > 1 ? "s" : ""} detected: ${detail.join("; ")}`,
  );
};

const missingMembers = (schema: Schema, value: unknown, path: string): string[] => {
  if (schema.isUnitSchema()) return [];
  if (schema.isListSchema()) {
    const member = schema.getValueSchema();
    const items = Array.isArray(value) ? value : [];
    return items.flatMap((item, index) => missingMembers(member, item, `${path}.${index + 1}.member`));
  }
  if (schema.isMapSchema()) {
    const member = schema.getValueSchema();
    return Object.entries(isRecord(value) ? value : {}).flatMap(([key, item]) =>
      missingMembers(member, item, `${path}.${key}`),
    );
  }
  if (!schema.isStructSchema() || schema.isUnionSchema()) return [];
  const record = isRecord(value) ? value : {};
  const own = requiredMembers(schema).filter((name) => record[name] === undefined || record[name] === null);
  const nested: string[] = [];
  for (const [name, member] of schema.structIterator()) {
    const item = record[name];
    if (item !== undefined && item !== null) nested.push(...missingMembers(member, item, join(path, name)));
  }
  return [...own.map((name) => join(path, name)), ...nested];
};

/** AWS names members in its messages with a lower-case first letter. */
const join = (path: string, name: string): string => {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  return path === "" ? member : `${path}.${member}`;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
