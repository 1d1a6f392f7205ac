// The log collector of the sandbox: enough of Elasticsearch for filebeat's output, counting every line it accepts.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { type BulkItem, bulkAnswer, parseBulk } from "./bulk.ts";
import { LineLedger, type RequestCount } from "./line-ledger.ts";

/** What the collector does with events: accepts, answers "busy" (the shipper tries again), refuses them for good. */
export type CollectorMode = "accepting" | "blocked" | "rejecting";

export interface Collector {
  readonly host: string;
  readonly port: number;
  readonly mode: CollectorMode;
  /** Lines accepted since the start, duplicates too. */
  lines(): number;
  /** Lines accepted from one host, by `host.name`. */
  countsBy(host: string): number;
  /** How often each host's lines came. */
  hosts(): ReadonlyMap<string, number>;
  /** What the access log lines say: `request <id>` once or more often. */
  requests(): RequestCount;
  /** True when a line with `request <id>` came. */
  hasRequest(id: string): boolean;
  /** Answers 429 to every bulk: nothing is accepted, the shipper keeps everything and tries again. */
  block(): void;
  unblock(): void;
  /** Answers 400 for every event: filebeat drops it and calls it acknowledged. `unblock()` ends this too. */
  reject(): void;
  close(): Promise<void>;
}

export interface CollectorOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** One JSON line for each accepted log line: `host`, `path`, `offset`, `message`. Appended. */
  file: string;
}

/** @throws {Error} when the address is taken or the file cannot be opened. */
export const startCollector = async ({ host, port, file }: CollectorOptions): Promise<Collector> => {
  const ledger = await LineLedger.open(file);
  let mode: CollectorMode = "accepting";

  const bulk = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    if (mode === "blocked") {
      answer(response, 429, {
        error: { type: "es_rejected_execution_exception", reason: "blocked on purpose" },
        status: 429,
      });
      return;
    }
    const items: BulkItem[] = parseBulk(body);
    if (mode === "accepting") await ledger.record(items.map(({ document }) => document));
    answer(response, 200, bulkAnswer(items, mode === "accepting" ? 201 : 400));
  };

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://collector").pathname;
    const handled =
      request.method === "POST" && /^(\/[^/]+)?\/_bulk$/.test(path)
        ? bulk(request, response)
        : describeSelf(request, response, path);
    handled.catch((cause: unknown) => {
      // The shipper sees the failure and tries again; the collector must outlive one bad request.
      console.error("collector: a request failed:", request.method, path, cause);
      if (!response.headersSent) {
        answer(response, 400, { error: { type: "parse_exception", reason: String(cause) }, status: 400 });
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });

  return {
    host,
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode;
    },
    lines: () => ledger.lines,
    countsBy: (name) => ledger.hosts.get(name) ?? 0,
    hosts: () => ledger.hosts,
    requests: () => ledger.requests(),
    hasRequest: (id) => ledger.hasRequest(id),
    block: () => {
      mode = "blocked";
    },
    unblock: () => {
      mode = "accepting";
    },
    reject: () => {
      mode = "rejecting";
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await ledger.close();
    },
  };
};

/** What filebeat asks before it sends anything: version, license, lifecycle policies, templates. */
const describeSelf = async (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> => {
  await readBody(request);
  if (path === "/") {
    answer(response, 200, {
      name: "collector",
      cluster_name: "sandbox",
      cluster_uuid: "c0llect0r",
      version: { number: "8.17.0", build_flavor: "default", lucene_version: "9.12.0" },
      tagline: "You Know, for Search",
    });
  } else if (path === "/_license" || path === "/_xpack") {
    answer(response, 200, { license: { uid: "sandbox", type: "basic", mode: "basic", status: "active" } });
  } else if (path === "/_cluster/health") {
    answer(response, 200, { status: "green" });
  } else if (request.method === "PUT" || request.method === "POST") {
    answer(response, 200, { acknowledged: true });
  } else {
    // "Not there yet" makes filebeat create its policy, template and data stream, which PUT above accepts.
    answer(response, 404, { error: { type: "resource_not_found_exception", reason: path }, status: 404 });
  }
};

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json", "x-elastic-product": "Elasticsearch" });
  response.end(response.req.method === "HEAD" ? undefined : JSON.stringify(body));
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  const bytes = await buffer(request);
  const plain = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
  return plain.toString("utf8");
};
