// REST-JSON (Lambda's protocol): where an operation's members stand in an HTTP request and answer.

import type { IncomingHttpHeaders } from "node:http";
import { readJson, writeJson } from "./json.ts";
import { readScalar } from "./query.ts";
import type { HttpBinding, OperationDescription, Schema, ServiceDescription } from "./schema.ts";

/** Where a request goes. */
export interface Target {
  /** As on the wire: labels are still percent-encoded, so that an ARN's slashes do not split it. */
  path: string;
  query: URLSearchParams;
}

export interface RestRequest extends Target {
  method: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface RestAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

export interface RestMatch {
  operation: OperationDescription;
  labels: Readonly<Record<string, string>>;
}

/** The operation whose method and path fit; undefined: there is none. */
export const matchOperation = (
  service: ServiceDescription,
  method: string,
  path: string,
): RestMatch | undefined => {
  for (const operation of service.operations.values()) {
    if (operation.http?.method !== method) continue;
    const labels = matchPath(operation.http, path);
    if (labels !== undefined) return { operation, labels };
  }
  return undefined;
};

const matchPath = (binding: HttpBinding, path: string): Record<string, string> | undefined => {
  const wanted = (binding.path.split("?")[0] ?? "").split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return undefined;
  const labels: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? "";
    const label = /^\{([^}+]+)\+?\}$/.exec(part)?.[1];
    if (label !== undefined) labels[label] = decodeURIComponent(text);
    else if (part !== text) return undefined;
  }
  return labels;
};

export const readRestInput = (
  { operation, labels }: RestMatch,
  request: RestRequest,
): Record<string, unknown> => {
  const json =
    hasPayloadMember(operation.input) || request.body.length === 0 ? {} : JSON.parse(request.body.toString());
  const input: Record<string, unknown> = {};
  if (operation.input.isUnitSchema()) return input;
  for (const [name, member] of operation.input.structIterator()) {
    const value = readMember(name, member, labels, request, json);
    if (value !== undefined) input[name] = value;
  }
  return input;
};

const readMember = (
  name: string,
  member: Schema,
  labels: Readonly<Record<string, string>>,
  request: RestRequest,
  json: Record<string, unknown>,
): unknown => {
  const traits = member.getMergedTraits();
  if (traits.httpLabel) return labels[name];
  if (traits.httpQuery !== undefined) {
    const texts = request.query.getAll(traits.httpQuery);
    if (texts.length === 0) return undefined;
    if (member.isListSchema()) return texts.map((text) => readScalar(member.getValueSchema(), text));
    return readScalar(member, texts[0] ?? "");
  }
  if (traits.httpHeader !== undefined) {
    const text = request.headers[traits.httpHeader.toLowerCase()];
    return text === undefined ? undefined : readScalar(member, String(text));
  }
  if (traits.httpPayload) {
    if (request.body.length === 0) return undefined;
    if (member.isBlobSchema()) return new Uint8Array(request.body);
    return readJson(member, JSON.parse(request.body.toString()));
  }
  return readJson(member, json[name]);
};

export const writeRestOutput = (operation: OperationDescription, output: unknown): RestAnswer => {
  const answer: RestAnswer = {
    status: operation.http?.status ?? 200,
    headers: { "content-type": "application/json" },
    body: "",
  };
  if (operation.output.isUnitSchema()) return answer;
  const record = (output ?? {}) as Record<string, unknown>;
  const json: Record<string, unknown> = {};
  for (const [name, member] of operation.output.structIterator()) {
    const value = record[name];
    if (value === undefined) continue;
    const traits = member.getMergedTraits();
    if (traits.httpResponseCode) answer.status = Number(value);
    else if (traits.httpHeader !== undefined) answer.headers[traits.httpHeader.toLowerCase()] = String(value);
    else if (traits.httpPayload) {
      answer.body = member.isBlobSchema() ? (value as Uint8Array) : JSON.stringify(writeJson(member, value));
    } else json[name] = writeJson(member, value);
  }
  if (!hasPayloadMember(operation.output)) answer.body = JSON.stringify(json);
  return answer;
};

const hasPayloadMember = (schema: Schema): boolean => {
  if (schema.isUnitSchema()) return false;
  for (const [, member] of schema.structIterator()) if (member.getMergedTraits().httpPayload) return true;
  return false;
};
