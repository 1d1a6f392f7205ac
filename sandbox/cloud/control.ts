// The control socket: `POST /<operation>` with a JSON list of arguments answers `{"result": …}`;
// `GET /timeline?from=N` streams the timeline as JSON lines, past and future, until the reader hangs up.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Operations } from "./operations.ts";
import type { Timeline } from "./timeline.ts";

/** Resolves once it listens. */
export const serveControl = async (
  socketPath: string,
  operations: Operations,
  timeline: Timeline,
): Promise<Server> => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://control");
    if (request.method === "GET" && url.pathname === "/timeline") {
      stream(response, timeline, Number(url.searchParams.get("from") ?? 0));
      return;
    }
    call(operations, url.pathname.slice(1), request).then(
      (result) => answer(response, 200, { result }),
      (error: Error) => answer(response, 400, { error: error.message }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return server;
};

const call = async (operations: Operations, name: string, request: IncomingMessage): Promise<unknown> => {
  const run = Object.hasOwn(operations, name) ? operations[name as keyof Operations] : undefined;
  if (run === undefined) {
    throw new Error(`The cloud knows no "${name}"; it knows ${Object.keys(operations).join(", ")}`);
  }
  const values = readList(name, await text(request));
  // Typed at the client's end, where this same module gives the types.
  const anything = run as (...values: unknown[]) => unknown;
  return anything(...values);
};

const readList = (name: string, body: string): unknown[] => {
  if (body === "") return [];
  const wanted = `The body of ${name} must be its arguments as a JSON list, such as ["i-0123456789abcdef0"] or [null]`;
  let values: unknown;
  try {
    values = JSON.parse(body);
  } catch (cause) {
    throw new Error(`${wanted}; it is no JSON: ${body.slice(0, 100)}`, { cause });
  }
  if (!Array.isArray(values)) throw new Error(`${wanted}, not ${body.slice(0, 100)}`);
  return values;
};

const stream = (response: ServerResponse, timeline: Timeline, from: number): void => {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  const stop = timeline.follow(from, (entry) => response.write(`${JSON.stringify(entry)}\n`));
  response.once("close", stop);
};

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};
