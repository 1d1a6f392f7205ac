// One child process a function, started when it is first needed and again after it died. What it prints is appended
// to a log file of the function.

import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FunctionDefinition } from "../template/types.ts";
import type { HostAnswer, HostRequest } from "./host.ts";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface FunctionHostsOptions {
  functions: readonly FunctionDefinition[];
  /** Where the handlers' paths begin: the project's directory. */
  directory: string;
  /** For every function: AWS_ENDPOINT_URL, AWS_REGION, … Set after the template's own variables. */
  environment: Readonly<Record<string, string>>;
  /** Keys of a function; `identify` of the endpoint maps them to `function:<name>`. */
  credentials: (functionName: string) => Credentials;
  /** `<function name>.log` files are kept here. */
  logDirectory: string;
  /** The Node that runs the functions; this process's own by default. */
  execPath?: string;
  onExit?: (functionName: string, reason: string) => void;
}

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  timer?: NodeJS.Timeout;
}

interface Host {
  process: ChildProcess;
  pending: Map<string, Pending>;
  /** Resolves when the handler is loaded; never, when it cannot be: then the process exits. */
  ready: Promise<void>;
  exited: Promise<void>;
}

const HOST_PROGRAM = fileURLToPath(new URL("./host.ts", import.meta.url));

export class FunctionHosts {
  readonly #options: FunctionHostsOptions;
  readonly #hosts = new Map<string, Host>();
  /** Told to die, and not gone yet. */
  readonly #ending = new Set<Host>();
  #stopped = false;

  constructor(options: FunctionHostsOptions) {
    this.#options = options;
    mkdirSync(options.logDirectory, { recursive: true });
  }

  /** Runs the function once. Rejects with the error it threw, or when it timed out or its process died. */
  readonly invoke = (functionName: string, event: unknown): Promise<unknown> => {
    const definition = this.#function(functionName);
    const host = this.#host(definition);
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      host.pending.set(id, { resolve, reject });
      // The function's timeout does not count the time its process takes to start.
      void host.ready.then(() => this.#run(definition, host, id, event));
    });
  };

  /** Starts the processes of all functions, so that the first events do not wait for it. */
  warm(): void {
    for (const definition of this.#options.functions) this.#host(definition);
  }

  /** The process of a function, where one runs. */
  pid(functionName: string): number | undefined {
    return this.#hosts.get(functionName)?.process.pid;
  }

  /** Ends a function's process, as a crash would. The next invocation starts another. */
  kill(functionName: string, signal: NodeJS.Signals = "SIGKILL"): boolean {
    const host = this.#hosts.get(functionName);
    return host !== undefined && this.#end(functionName, host, signal);
  }

  /** Ends all processes; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const hosts = [...this.#hosts.values(), ...this.#ending];
    for (const host of hosts) host.process.kill("SIGKILL");
    await Promise.all(hosts.map((host) => host.exited));
  }

  #run(definition: FunctionDefinition, host: Host, id: string, event: unknown): void {
    const pending = host.pending.get(id);
    if (pending === undefined) return;
    const { name, timeoutSeconds, arn } = definition;
    // As on Lambda, what runs out of time is ended with its whole process. Others that run in it fail too, and are
    // tried again by whoever invoked them.
    pending.timer = setTimeout(() => {
      const error = new Error(`${name} timed out after ${timeoutSeconds} seconds`);
      this.#settle(host, id, ({ reject }) => reject(error));
      this.#end(name, host, "SIGKILL");
    }, timeoutSeconds * 1000);
    const request: HostRequest = { id, event, deadline: Date.now() + timeoutSeconds * 1000, arn };
    host.process.send(request, (error) => {
      if (error !== null) this.#settle(host, id, ({ reject }) => reject(error));
    });
  }

  #host(definition: FunctionDefinition): Host {
    const running = this.#hosts.get(definition.name);
    if (running !== undefined) return running;
    if (this.#stopped)
      throw new Error(`${definition.name} cannot be invoked: the function hosts were stopped.`);
    const host = this.#start(definition);
    this.#hosts.set(definition.name, host);
    return host;
  }

  #start(definition: FunctionDefinition): Host {
    const { directory, logDirectory, execPath = process.execPath } = this.#options;
    const log = openSync(join(logDirectory, `${definition.name}.log`), "a");
    const child = fork(HOST_PROGRAM, [directory, definition.handler], {
      cwd: directory,
      execPath,
      execArgv: [],
      env: this.#environment(definition),
      stdio: ["ignore", log, log, "ipc"],
      serialization: "json",
    });
    closeSync(log);
    const pending = new Map<string, Pending>();
    let loaded = (): void => {};
    const host: Host = {
      process: child,
      pending,
      ready: new Promise((resolve) => {
        loaded = resolve;
      }),
      exited: new Promise((resolve) => child.once("close", () => resolve())),
    };
    child.on("message", (answer: HostAnswer) => {
      if ("ready" in answer) {
        loaded();
        return;
      }
      this.#settle(host, answer.id, ({ resolve, reject }) => {
        if ("error" in answer) reject(Object.assign(new Error(answer.error.message), answer.error));
        else resolve(answer.result);
      });
    });
    const gone = (reason: string): void => {
      if (this.#hosts.get(definition.name) === host) this.#hosts.delete(definition.name);
      const message = `The process of ${definition.name} ended (${reason}); its log is ${join(logDirectory, `${definition.name}.log`)}`;
      for (const id of [...pending.keys()])
        this.#settle(host, id, ({ reject }) => reject(new Error(message)));
      this.#options.onExit?.(definition.name, reason);
    };
    child.once("exit", (code, signal) => gone(signal ?? `exit code ${code}`));
    child.once("error", (error) => gone(error.message));
    return host;
  }

  /** The process takes a moment to die; nothing more is given to it. */
  #end(functionName: string, host: Host, signal: NodeJS.Signals): boolean {
    if (this.#hosts.get(functionName) === host) this.#hosts.delete(functionName);
    this.#ending.add(host);
    void host.exited.then(() => this.#ending.delete(host));
    return host.process.kill(signal);
  }

  #settle(host: Host, id: string, settle: (pending: Pending) => void): void {
    const pending = host.pending.get(id);
    if (pending === undefined) return;
    host.pending.delete(id);
    clearTimeout(pending.timer);
    settle(pending);
  }

  #environment({ name, handler, memoryMegabytes, environment }: FunctionDefinition): NodeJS.ProcessEnv {
    const { accessKeyId, secretAccessKey } = this.#options.credentials(name);
    return {
      PATH: process.env.PATH,
      TZ: ":UTC",
      LANG: "en_US.UTF-8",
      ...environment,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: "1",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: "sandbox",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: this.#options.directory,
      ...this.#options.environment,
    };
  }

  #function(name: string): FunctionDefinition {
    const definition = this.#options.functions.find((each) => each.name === name);
    if (definition !== undefined) return definition;
    throw new Error(`There is no function ${name} in the packaged template.`);
  }
}
