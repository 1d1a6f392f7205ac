// S3's wire, for the few operations of s3.ts: path-style addresses (`/bucket/key`), bodies as they are.

import type { IncomingMessage } from "node:http";
import { AwsError, type Caller } from "../ports.ts";
import type { Handle } from "./handle.ts";
import type { Target } from "./rest-json.ts";
import type { StoredObject } from "./s3.ts";
import { escapeXml } from "./xml.ts";

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

interface ObjectOutput {
  Body?: Uint8Array;
  ContentLength: number;
  LastModified: Date;
  ETag: string;
}

export const answerS3 = async (
  handle: Handle,
  caller: Caller | undefined,
  request: IncomingMessage,
  target: Target,
  body: Buffer,
): Promise<Answer> => {
  try {
    if (caller === undefined)
      throw new AwsError("InvalidAccessKeyId", "The access key id does not exist.", 403);
    return await route(handle, caller, request, target, body);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const text = `<Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error>`;
    return { status: error.status, headers: xmlHeaders, body: request.method === "HEAD" ? "" : text };
  }
};

const route = async (
  handle: Handle,
  caller: Caller,
  request: IncomingMessage,
  target: Target,
  body: Buffer,
): Promise<Answer> => {
  const [bucket = "", ...rest] = target.path.slice(1).split("/");
  const [Bucket, Key] = [decodeURIComponent(bucket), decodeURIComponent(rest.join("/"))];
  const call = (operation: string, input: object) => handle("s3", operation, { Bucket, ...input }, caller);
  const { method = "GET" } = request;

  if (Key === "" && method === "GET") {
    const output = await call("ListObjectsV2", { Prefix: target.query.get("prefix") ?? "" });
    return {
      status: 200,
      headers: xmlHeaders,
      body: listXml(output as { Name: string; Contents: StoredObject[] }),
    };
  }
  if (Key !== "" && method === "PUT") {
    const output = (await call("PutObject", { Key, Body: unchunk(request, body) })) as { ETag: string };
    return { status: 200, headers: { etag: output.ETag }, body: "" };
  }
  if (Key !== "" && (method === "GET" || method === "HEAD")) {
    const output = (await call(method === "GET" ? "GetObject" : "HeadObject", { Key })) as ObjectOutput;
    return {
      status: 200,
      headers: {
        etag: output.ETag,
        "last-modified": output.LastModified.toUTCString(),
        "content-type": "application/octet-stream",
        "content-length": String(output.ContentLength),
      },
      body: output.Body ?? "",
    };
  }
  if (Key !== "" && method === "DELETE") {
    await call("DeleteObject", { Key });
    return { status: 204, headers: {}, body: "" };
  }
  throw new AwsError("NotImplemented", `The sandbox's S3 does not know ${method} ${target.path}.`, 501);
};

/** Clients that stream send `aws-chunked` bodies: `<hex size>[;signature]\r\n<bytes>\r\n … 0\r\n<trailers>`. */
const unchunk = ({ headers }: IncomingMessage, body: Buffer): Buffer => {
  if (!String(headers["x-amz-content-sha256"] ?? "").startsWith("STREAMING-")) return body;
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = body.indexOf("\r\n", position);
    const size = Number.parseInt(body.toString("latin1", position, lineEnd === -1 ? undefined : lineEnd), 16);
    if (lineEnd === -1 || Number.isNaN(size))
      throw new AwsError("IncompleteBody", "The aws-chunked body is torn.");
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    position = lineEnd + 2 + size + 2;
  }
};

const listXml = ({ Name, Contents }: { Name: string; Contents: StoredObject[] }): string => {
  const objects = Contents.map(
    ({ Key, Size, LastModified, ETag }) =>
      `<Contents><Key>${escapeXml(Key)}</Key><Size>${Size}</Size><LastModified>${LastModified.toISOString()}</LastModified>` +
      `<ETag>${escapeXml(ETag)}</ETag><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return (
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${escapeXml(Name)}</Name>` +
    `<KeyCount>${Contents.length}</KeyCount><IsTruncated>false</IsTruncated>${objects.join("")}</ListBucketResult>`
  );
};

const xmlHeaders = { "content-type": "application/xml" };
