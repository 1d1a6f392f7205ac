// The control socket: `POST /<operation>` with a JSON list of arguments answers `{"result": …}`;
// `GET /timeline?from=N` streams the timeline as JSON lines, past and future, until the reader hangs up.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Operations } from "./operations.ts";
import type { Timeline } from "./timeline.ts";

/** Resolves once it listens. */
export const serveControl = async (
  socketPath: string,
  operations: Operations,
  timeline: Timeline,
): Promise<void> => {
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
};

const call = async (operations: Operations, name: string, request: IncomingMessage): Promise<unknown> => {
  const run = Object.hasOwn(operations, name) ? operations[name as keyof Operations] : undefined;
  if (run === undefined) {
    throw new Error(`The cloud knows no "${name}"; it knows ${Object.keys(operations).join(", ")}`);
  }
  const input = await text(request);
  // Typed at the client's end, where this same module gives the types.
  const anything = run as (...values: unknown[]) => unknown;
  return anything(...(input === "" ? [] : (JSON.parse(input) as unknown[])));
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
