// A load generator that counts truthfully: numbered requests over kept connections, no retries, and whatever is
// not exactly the expected answer is a failure.
import { Agent, request } from "node:http";
import type { RequestsReport } from "./report.ts";

export interface LoadOptions {
  host: string;
  port: number;
  path(requestNumber: number): string;
  /** Whether this body answers this request. */
  answers(body: string, requestNumber: number): boolean;
  ratePerSecond: number;
  /** A stalled service must not pile up requests without end. */
  maximumInFlight: number;
  timeoutMilliseconds: number;
  /** Told of each failure as it happens: what else went on then is what explains it. */
  onFailure?(reason: string): void;
}

export interface Load {
  counts(): RequestsReport;
  /** Sends no more, and resolves when every open request has been answered or has failed. */
  stop(): Promise<RequestsReport>;
}

/**
 * A connection that idles longer than this is closed by us. The balancer closes idle ones too; whoever reuses a
 * connection while the other side is closing it loses a request that no server ever saw.
 */
const IDLE_CONNECTION_MILLISECONDS = 5_000;

export const startLoad = (options: LoadOptions): Load => {
  // First in, first out: every kept connection stays in use, none grows old in the pool.
  const agent = new Agent({
    keepAlive: true,
    maxSockets: options.maximumInFlight,
    scheduling: "fifo",
    timeout: IDLE_CONNECTION_MILLISECONDS,
  });
  const counts: RequestsReport = { sent: 0, failed: 0, reasons: {}, slowestMilliseconds: 0 };
  const open = new Set<Promise<void>>();

  const send = async (): Promise<void> => {
    const requestNumber = ++counts.sent;
    const started = performance.now();
    const failure = await attempt(options, agent, requestNumber);
    counts.slowestMilliseconds = Math.max(
      counts.slowestMilliseconds,
      Math.round(performance.now() - started),
    );
    if (failure === undefined) return;
    options.onFailure?.(failure);
    counts.failed += 1;
    counts.reasons[failure] = (counts.reasons[failure] ?? 0) + 1;
  };

  const ticker = setInterval(() => {
    if (open.size >= options.maximumInFlight) return;
    const sending = send().finally(() => open.delete(sending));
    open.add(sending);
  }, 1000 / options.ratePerSecond);

  const copy = (): RequestsReport => ({ ...counts, reasons: { ...counts.reasons } });
  return {
    counts: copy,
    stop: async () => {
      clearInterval(ticker);
      await Promise.all(open);
      agent.destroy();
      return copy();
    },
  };
};

/** Resolves with the reason of the failure, or undefined. Never rejects: a failure is a result here. */
const attempt = (options: LoadOptions, agent: Agent, requestNumber: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const outgoing = request({
      host: options.host,
      port: options.port,
      path: options.path(requestNumber),
      agent,
      // A limit for the whole request. The agent's own timeout only sees idle sockets.
      signal: AbortSignal.timeout(options.timeoutMilliseconds),
    });
    const failed = (error: NodeJS.ErrnoException) =>
      resolve(
        error.name === "TimeoutError" || error.name === "AbortError"
          ? "timeout"
          : `${error.code ?? error.message} on a ${outgoing.reusedSocket ? "kept" : "new"} connection`,
      );
    outgoing.on("error", failed);
    outgoing.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("error", failed);
      response.on("end", () => {
        if (response.statusCode !== 200) resolve(`status ${response.statusCode}`);
        else resolve(options.answers(body, requestNumber) ? undefined : "wrong body");
      });
    });
    outgoing.end();
  });
