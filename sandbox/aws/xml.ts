// The query protocol's output: an object written as XML by its schema, and its errors.

import { isFlattened, wireName } from "./query.ts";
import type { OperationDescription, Schema } from "./schema.ts";

export const writeQueryOutput = (
  operation: OperationDescription,
  xmlNamespace: string,
  output: unknown,
  requestId: string,
): string => {
  const { name } = operation;
  const members = writeMembers(operation.output, output);
  return [
    `<${name}Response xmlns="${escapeXml(xmlNamespace)}"><${name}Result>${members}</${name}Result>`,
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
  ].join("");
};

export const writeQueryError = (code: string, message: string, status: number, requestId: string): string =>
  [
    `<ErrorResponse><Error><Type>${status < 500 ? "Sender" : "Receiver"}</Type><Code>${escapeXml(code)}</Code>`,
    `<Message>${escapeXml(message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  ].join("");

/** EC2's form, which clients of the other query services read, too. */
export const writeQueryErrors = (code: string, message: string, requestId: string): string =>
  [
    `<Response><Errors><Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error></Errors>`,
    `<RequestID>${requestId}</RequestID></Response>`,
  ].join("");

const writeMembers = (schema: Schema, value: unknown): string => {
  if (schema.isUnitSchema() || value === undefined || value === null) return "";
  const record = value as Record<string, unknown>;
  let text = "";
  for (const [name, member] of schema.structIterator()) {
    const item = record[name];
    if (item !== undefined && item !== null) text += writeElement(member, wireName(member, name), item);
  }
  return text;
};

const writeElement = (schema: Schema, name: string, value: unknown): string => {
  if (schema.isListSchema()) {
    const member = schema.getValueSchema();
    const items = value as unknown[];
    if (isFlattened(schema)) return items.map((item) => writeElement(member, name, item)).join("");
    const itemName = wireName(member, "member");
    return wrap(name, items.map((item) => writeElement(member, itemName, item)).join(""));
  }
  if (schema.isMapSchema()) {
    const [keySchema, valueSchema] = [schema.getKeySchema(), schema.getValueSchema()];
    const entries = Object.entries(value as Record<string, unknown>).map(
      ([key, item]) =>
        writeElement(keySchema, wireName(keySchema, "key"), key) +
        writeElement(valueSchema, wireName(valueSchema, "value"), item),
    );
    if (isFlattened(schema)) return entries.map((entry) => wrap(name, entry)).join("");
    return wrap(name, entries.map((entry) => wrap("entry", entry)).join(""));
  }
  if (schema.isStructSchema()) return wrap(name, writeMembers(schema, value));
  return wrap(name, escapeXml(scalarText(schema, value)));
};

const scalarText = (schema: Schema, value: unknown): string => {
  if (schema.isTimestampSchema()) return new Date(value as Date | string | number).toISOString();
  if (schema.isBlobSchema()) return Buffer.from(value as Uint8Array).toString("base64");
  return String(value);
};

const wrap = (name: string, content: string): string => `<${name}>${content}</${name}>`;

export const escapeXml = (text: string): string =>
  text.replace(/[<>&"\r]/g, (character) => `&#${character.charCodeAt(0)};`);
