// The sandbox's ECR registry: a real docker-registry on a private socket, and before it a proxy that checks tokens, asks IAM for
// what their holders want, and tells the model of ECR what was pushed.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ProxyOptions, registryProxy } from "./proxy.ts";

const startTimeoutMilliseconds = 10_000;

export interface RegistryOptions extends Omit<ProxyOptions, "socketPath" | "url"> {
  /** Its data goes to `run/registry` in it, its log to `registry.log`. */
  stateDirectory: string;
  /** Default 10.78.0.1. */
  host?: string;
  /** Default 5000. */
  port?: number;
}

export interface Registry {
  /** `10.78.0.1:5000`, what image names begin with. */
  address: string;
  /** What the daemons are told in a 401; also ECR's `proxyEndpoint`. */
  url: string;
  stop(): Promise<void>;
}

export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { host = "10.78.0.1", port = 5000 } = options;
  const socket = join(options.stateDirectory, "run", "registry.sock");
  const process_ = spawnRegistry(options.stateDirectory, socket);
  await untilItAnswers(process_, socket, join(options.stateDirectory, "registry.log"));

  const address = `${host}:${port}`;
  const url = `http://${address}`;
  const server = createServer(registryProxy({ ...options, socketPath: socket, url }));
  // A large layer may take longer than Node's default of five minutes.
  server.requestTimeout = 0;
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(port, host, () => done());
  });
  return { address, url, stop: () => stop(server, process_) };
}

function spawnRegistry(stateDirectory: string, socket: string): ChildProcess {
  const directory = join(stateDirectory, "run", "registry");
  mkdirSync(directory, { recursive: true });
  const configuration = join(stateDirectory, "run", "registry.yml");
  // JSON is YAML too. Relative locations keep uploads on the proxy's address.
  const settings = {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: directory }, delete: { enabled: true } },
    http: { net: "unix", addr: socket, relativeurls: true },
  };
  writeFileSync(configuration, JSON.stringify(settings));
  const output = openSync(join(stateDirectory, "registry.log"), "a");
  try {
    return spawn("docker-registry", ["serve", configuration], {
      stdio: ["ignore", output, output],
      env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: "none" },
    });
  } finally {
    closeSync(output);
  }
}

async function untilItAnswers(process_: ChildProcess, socket: string, log: string): Promise<void> {
  let ended: unknown;
  process_.once("error", (error) => {
    ended = error;
  });
  process_.once("exit", (code, signal) => {
    ended ??= new Error(`It ended with ${signal ?? code}`);
  });
  const deadline = Date.now() + startTimeoutMilliseconds;
  while (!(await answers(socket))) {
    if (ended !== undefined) throw new Error(`docker-registry did not start: see ${log}`, { cause: ended });
    if (Date.now() > deadline) {
      process_.kill("SIGKILL");
      throw new Error(
        `docker-registry did not answer within ${startTimeoutMilliseconds / 1000} s: see ${log}`,
      );
    }
    await delay(20);
  }
}

const answers = (socketPath: string): Promise<boolean> =>
  new Promise((done) => {
    const asked = request({ socketPath, path: "/v2/" }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    asked.once("error", () => done(false));
    asked.end();
  });

async function stop(server: Server, process_: ChildProcess): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((done) => server.close(() => done()));
  if (process_.exitCode !== null || process_.signalCode !== null) return;
  const ended = new Promise((done) => process_.once("exit", done));
  process_.kill("SIGTERM");
  await ended;
}
