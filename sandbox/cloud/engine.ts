// A Docker engine's own API over its socket: what the sandbox asks of the swarm, without the CLI's detours.
import { request } from "node:http";

export interface EngineNode {
  ID: string;
  Version: { Index: number };
  Spec: { Role: string; Availability: string; Labels?: Record<string, string> };
  Description: { Hostname: string };
  Status: { State: string; Addr: string };
  ManagerStatus?: { Leader?: boolean; Reachability: string; Addr?: string };
}

export interface EngineService {
  ID: string;
  Version: { Index: number };
  Spec: { Name: string; Mode: { Replicated?: { Replicas: number } } } & Record<string, unknown>;
}

export interface EngineTask {
  ID: string;
  Slot?: number;
  ServiceID: string;
  NodeID?: string;
  DesiredState: string;
  Status: { State: string; Err?: string; Message?: string };
  Spec: { ContainerSpec?: { Image: string } };
}

/** The daemon answered, but not with success. */
class EngineError extends Error {
  readonly status: number;
  constructor(what: string, status: number, message: string) {
    super(`The Docker engine answered ${what} with ${status}: ${message}`);
    this.name = "EngineError";
    this.status = status;
  }
}

export interface Engine {
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body?: unknown): Promise<Answer>;
  delete(path: string): Promise<void>;
}

/** An engine that hangs is found out after this long. */
const ANSWER_MILLISECONDS = 10_000;

/** @example await engineAt(".sandbox/instances/i-0…/docker.sock").get<EngineNode[]>("/nodes") */
export const engineAt = (socketPath: string, patienceMilliseconds = ANSWER_MILLISECONDS): Engine => {
  const ask = (method: string, path: string, body?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const what = `${method} ${path}`;
      const asked = request(
        {
          socketPath,
          method,
          path,
          headers: { "content-type": "application/json", connection: "close" },
          signal: AbortSignal.timeout(patienceMilliseconds),
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.once("error", (cause) => reject(new Error(`${what} broke off`, { cause })));
          response.once("end", () => {
            const status = response.statusCode ?? 0;
            if (status >= 400) reject(new EngineError(what, status, messageOf(text)));
            else resolve(jsonOr(text));
          });
        },
      );
      asked.once("error", (cause) =>
        reject(new Error(`The Docker engine at ${socketPath} did not answer ${what}`, { cause })),
      );
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    get: <Answer>(path: string) => ask("GET", path) as Promise<Answer>,
    post: <Answer>(path: string, body?: unknown) => ask("POST", path, body) as Promise<Answer>,
    delete: async (path) => void (await ask("DELETE", path)),
  };
};

/** Some answers are empty or plain text. */
const jsonOr = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const messageOf = (text: string): string => {
  const answer = jsonOr(text);
  return typeof answer === "object" && answer !== null && "message" in answer ? String(answer.message) : text;
};
