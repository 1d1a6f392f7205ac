// Sends events with Elasticsearch's bulk API, and says of each what became of it.

import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import type { ShipperConfiguration } from "./configuration.ts";

export type Fate = "acknowledged" | "dropped" | "try-again";

export interface Output {
  /** Resolves to the fate of each event. Never throws: what cannot be sent is to be tried again. */
  send(events: readonly unknown[], signal: AbortSignal): Promise<Fate[]>;
  close(): void;
}

interface BulkAnswer {
  items?: Record<string, { status?: number }>[];
}

const answerWithinMs = 90_000;

/** `warn` hears why a whole request failed. */
export const elasticsearchOutput = (
  { hosts, username, password }: ShipperConfiguration["output"],
  warn: (message: string) => void,
): Output => {
  if (hosts.length === 0) throw new Error("output.elasticsearch.hosts names no host");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let turn = 0;

  const post = async (body: string, signal: AbortSignal): Promise<{ status: number; body: string }> => {
    const host = hosts[turn % hosts.length] ?? "";
    return new Promise((resolve, reject) => {
      const outgoing = request(
        new URL("_bulk", host.endsWith("/") ? host : `${host}/`),
        {
          method: "POST",
          agent,
          signal,
          timeout: answerWithinMs,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
          ...(username === "" ? {} : { auth: `${username}:${password}` }),
        },
        (response) =>
          void text(response).then(
            (answer) => resolve({ status: response.statusCode ?? 0, body: answer }),
            reject,
          ),
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${answerWithinMs} ms`)));
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  };

  return {
    async send(events, signal) {
      const body = events
        .map((event) => `{"create":{"_index":"filebeat-stand-in"}}\n${JSON.stringify(event)}\n`)
        .join("");
      try {
        const answer = await post(body, signal);
        if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.slice(0, 200)}`);
        const { items = [] } = JSON.parse(answer.body) as BulkAnswer;
        return events.map((_, index) => fateOf(Object.values(items[index] ?? {})[0]?.status));
      } catch (cause) {
        warn(`bulk request to ${hosts[turn % hosts.length]} failed: ${String(cause)}`);
        turn += 1;
        return events.map(() => "try-again");
      }
    },
    close: () => agent.destroy(),
  };
};

/** As filebeat: too busy or broken is tried again, refused is dropped. */
const fateOf = (status: number | undefined): Fate => {
  if (status === undefined || status === 429 || status >= 500) return "try-again";
  return status < 300 || status === 409 ? "acknowledged" : "dropped";
};
