// The client's end of a cloud's control socket.
import { type ClientRequest, request } from "node:http";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Operations } from "../cloud/operations.ts";
import type { TimelineEntry } from "../cloud/timeline.ts";

/** The same functions as in the cloud, answered over the socket. */
export type Control = {
  [Name in keyof Operations]: (
    ...values: Parameters<Operations[Name]>
  ) => Promise<Awaited<ReturnType<Operations[Name]>>>;
};

/** @example await controlAt(".sandbox/run/control.sock").status() */
export const controlAt = (socketPath: string): Control =>
  // One function for all names: the cloud says which there are, the type says what they take.
  new Proxy({} as Control, {
    get: (_, name) =>
      // What JavaScript asks of everything that is awaited.
      name === "then" ? undefined : (...values: unknown[]) => ask(socketPath, String(name), values),
  });

const ask = async (socketPath: string, name: string, values: unknown[]): Promise<unknown> => {
  const answer = await new Promise<{ result?: unknown; error?: string }>((resolve, reject) => {
    const asked = request({ socketPath, method: "POST", path: `/${name}` }, (response) => {
      text(response).then((body) => resolve(JSON.parse(body)), reject);
    });
    asked.once("error", (cause) => {
      reject(new Error(`The sandbox's cloud does not answer at ${socketPath}: is it up?`, { cause }));
    });
    asked.end(JSON.stringify(values));
  });
  if (answer.error !== undefined) throw new Error(`The sandbox's cloud refused ${name}: ${answer.error}`);
  return answer.result;
};

/** Tells every entry of the timeline, past and future, until the function answered is called or the cloud ends. */
export const followTimeline = (
  socketPath: string,
  listener: (entry: TimelineEntry) => void,
  from = 0,
): (() => void) => {
  const following: ClientRequest = request({ socketPath, path: `/timeline?from=${from}` }, (response) => {
    const lines = createInterface({ input: response });
    lines.on("line", (line) => listener(JSON.parse(line) as TimelineEntry));
    // A cloud that ended ends the stream; whoever waits for the cloud tells of it.
    lines.on("error", () => {});
  });
  following.on("error", () => {});
  following.end();
  return () => void following.destroy();
};
