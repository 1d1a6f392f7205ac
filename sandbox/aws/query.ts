// The query protocol's input: form fields such as `Filters.member.1.Name=x`, read into an object by its schema.

import type { Schema } from "./schema.ts";

export type Form = ReadonlyMap<string, string>;

export const parseForm = (body: string): Form => new Map(new URLSearchParams(body));

/** The inverse of the SDK's query serializer. Absent members stay absent. */
export const readQuery = (schema: Schema, form: Form, prefix = ""): unknown => {
  if (schema.isUnitSchema()) return {};
  if (schema.isStructSchema()) {
    const output: Record<string, unknown> = {};
    for (const [name, member] of schema.structIterator()) {
      const key = `${prefix === "" ? "" : `${prefix}.`}${wireName(member, name)}`;
      if (has(form, key)) output[name] = readQuery(member, form, key);
    }
    return output;
  }
  if (schema.isListSchema()) {
    const member = schema.getValueSchema();
    const base = isFlattened(schema) ? prefix : `${prefix}.${wireName(member, "member")}`;
    const output: unknown[] = [];
    for (let index = 1; has(form, `${base}.${index}`); index++) {
      output.push(readQuery(member, form, `${base}.${index}`));
    }
    return output;
  }
  if (schema.isMapSchema()) {
    const base = isFlattened(schema) ? prefix : `${prefix}.entry`;
    const [keySchema, valueSchema] = [schema.getKeySchema(), schema.getValueSchema()];
    const output: Record<string, unknown> = {};
    for (let index = 1; has(form, `${base}.${index}`); index++) {
      const key = form.get(`${base}.${index}.${wireName(keySchema, "key")}`) ?? "";
      output[key] = readQuery(valueSchema, form, `${base}.${index}.${wireName(valueSchema, "value")}`);
    }
    return output;
  }
  return readScalar(schema, form.get(prefix) ?? "");
};

/** One scalar from its text, as query strings, headers and form fields carry it. */
export const readScalar = (schema: Schema, text: string): unknown => {
  if (schema.isNumericSchema()) return Number(text);
  if (schema.isBooleanSchema()) return text === "true";
  if (schema.isTimestampSchema())
    return /^[\d.]+$/.test(text) ? new Date(Number(text) * 1000) : new Date(text);
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(text, "base64"));
  return text;
};

export const isFlattened = (schema: Schema): boolean => Boolean(schema.getMergedTraits().xmlFlattened);

export const wireName = (member: Schema, fallback: string): string => {
  const name: unknown = member.getMergedTraits().xmlName;
  return typeof name === "string" ? name : fallback;
};

const has = (form: Form, key: string): boolean => {
  if (form.has(key)) return true;
  for (const name of form.keys()) if (name.startsWith(`${key}.`)) return true;
  return false;
};
