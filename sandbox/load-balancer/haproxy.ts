// The load balancer: a real haproxy, driven through its runtime socket, set up to behave like a Classic ELB.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Proxy as LoadBalancer } from "../ports.ts";

const startTimeoutMilliseconds = 10_000;
const commandTimeoutMilliseconds = 5_000;
/** Connections are cut before a server is removed; haproxy needs a moment to forget them. */
const removalTimeoutMilliseconds = 5_000;
const backend = "instances";

export interface HaproxyOptions {
  /** Its configuration and sockets go to `run/` in it, its log to `load-balancer.log`. */
  stateDirectory: string;
  addressOf: (instanceId: string) => string | undefined;
  /** Default 10.78.0.1:80. */
  listen?: string;
  /** One more listener, a Unix socket: for a way in from the machine's own network. */
  listenSocket?: string;
  instancePort?: number;
  healthPath?: string;
  checkIntervalMilliseconds?: number;
  /** For its answer. Default 2. */
  checkTimeoutSeconds?: number;
  healthyThreshold?: number;
  unhealthyThreshold?: number;
  /** Of a connection without a word. Default 60, as a Classic ELB's. */
  idleTimeoutSeconds?: number;
}

export class HaproxyProxy implements LoadBalancer {
  readonly #options: HaproxyOptions;
  readonly #process: ChildProcess;

  private constructor(options: HaproxyOptions, process_: ChildProcess) {
    this.#options = options;
    this.#process = process_;
  }

  /** Starts haproxy without instances; it answers 503 until one is healthy. */
  static async start(options: HaproxyOptions): Promise<HaproxyProxy> {
    const log = join(options.stateDirectory, "load-balancer.log");
    const configurationFile = join(options.stateDirectory, "run", "haproxy.cfg");
    await rm(runtimeSocket(options), { force: true });
    writeFileSync(configurationFile, configuration(options));
    const output = openSync(log, "a");
    const process_ = spawn("haproxy", ["-db", "-f", configurationFile], {
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    let ended: unknown;
    process_.once("error", (error) => {
      ended = error;
    });
    process_.once("exit", (code, signal) => {
      ended ??= new Error(`It ended with ${signal ?? code}`);
    });
    const proxy = new HaproxyProxy(options, process_);
    const deadline = Date.now() + startTimeoutMilliseconds;
    for (;;) {
      try {
        await proxy.#command("show info");
        return proxy;
      } catch (cause) {
        if (ended !== undefined) throw new Error(`haproxy did not start: see ${log}`, { cause: ended });
        if (Date.now() > deadline) {
          process_.kill("SIGKILL");
          throw new Error(`haproxy's runtime socket did not answer: see ${log}`, { cause });
        }
        await delay(20);
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill("SIGKILL");
    await ended;
  }

  async add(instanceId: string): Promise<void> {
    const { instancePort = 8080, checkIntervalMilliseconds = 500 } = this.#options;
    const { healthyThreshold = 2, unhealthyThreshold = 2 } = this.#options;
    const address = this.#options.addressOf(instanceId);
    if (address === undefined) throw new Error(`${instanceId} has no address: no such machine`);
    const found = await this.#statistics(instanceId);
    if (found && found.addr === `${address}:${instancePort}`) {
      await this.#expectNothing(`set server ${nameOf(instanceId)} state ready`);
      return;
    }
    if (found) await this.remove(instanceId);
    const name = nameOf(instanceId);
    const checks = `check inter ${checkIntervalMilliseconds}ms rise ${healthyThreshold} fall ${unhealthyThreshold}`;
    // A new server counts as up before its first check, so it is set down in the same breath: instances get no
    // request before they proved healthy.
    const answer = await this.#command(
      `add server ${name} ${address}:${instancePort} ${checks}; enable health ${name}; ` +
        `enable server ${name}; set server ${name} health down`,
    );
    if (!(await this.#statistics(instanceId))) throw new Error(`haproxy did not add ${name}: ${answer}`);
  }

  async drain(instanceId: string): Promise<void> {
    await this.#expectNothing(`set server ${nameOf(instanceId)} state drain`);
  }

  async connections(instanceId: string): Promise<number> {
    return Number((await this.#statistics(instanceId))?.scur ?? 0);
  }

  /** Cuts what is still open. Safe when the instance is not there. */
  async remove(instanceId: string): Promise<void> {
    const name = nameOf(instanceId);
    const deadline = Date.now() + removalTimeoutMilliseconds;
    while (await this.#statistics(instanceId)) {
      const answer = await this.#command(
        `set server ${name} state maint; shutdown sessions server ${name}; del server ${name}`,
      );
      if (/Server deleted/i.test(answer)) return;
      if (Date.now() > deadline) throw new Error(`haproxy did not remove ${name}: ${answer}`);
      await delay(20);
    }
  }

  async health(instanceId: string): Promise<"up" | "down" | "unknown"> {
    const found = await this.#statistics(instanceId);
    const status = found?.status ?? "";
    if (/^(UP|NOLB)/.test(status)) return "up";
    // While it drains, only the last check tells; `*` marks one that is under way.
    if (status.startsWith("DRAIN")) return /^(\* )?L7OK/.test(found?.check_status ?? "") ? "up" : "down";
    return status.startsWith("DOWN") ? "down" : "unknown";
  }

  /** haproxy's own figures for one instance; undefined when it does not know it. */
  async #statistics(instanceId: string): Promise<Record<string, string> | undefined> {
    const [head = "", ...rows] = (await this.#command("show stat")).replace(/^# /, "").trim().split("\n");
    const columns = head.split(",");
    for (const row of rows) {
      const values = row.split(",");
      if (values[0] !== backend || values[1] !== instanceId) continue;
      return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? ""]));
    }
    return undefined;
  }

  /** For commands that answer with an empty line, or with what is wrong. */
  async #expectNothing(command: string): Promise<void> {
    const answer = (await this.#command(command)).trim();
    if (answer !== "") throw new Error(`haproxy refused \`${command}\`: ${answer}`);
  }

  #command(command: string): Promise<string> {
    return new Promise((done, failed) => {
      let answer = "";
      const socket = connect(runtimeSocket(this.#options), () => socket.end(`${command}\n`));
      socket.setTimeout(commandTimeoutMilliseconds, () => socket.destroy(new Error("no answer in time")));
      socket.setEncoding("utf8").on("data", (text: string) => {
        answer += text;
      });
      socket.once("end", () => done(answer));
      socket.once("error", (cause) => failed(new Error(`haproxy was asked \`${command}\``, { cause })));
    });
  }
}

const nameOf = (instanceId: string): string => `${backend}/${instanceId}`;
const runtimeSocket = (options: HaproxyOptions): string =>
  join(options.stateDirectory, "run", "haproxy.sock");

/**
 * No retries and no redispatch: they would hide requests that failed, and a Classic ELB does not promise them.
 * It closes connections that were idle for so long, on both sides.
 */
function configuration(options: HaproxyOptions): string {
  const { listen = "10.78.0.1:80", listenSocket, healthPath = "/health" } = options;
  const { checkTimeoutSeconds = 2, idleTimeoutSeconds = 60 } = options;
  return `global
  stats socket "${runtimeSocket(options)}" mode 600 level admin
  maxconn 4000
  nbthread 1
defaults
  mode http
  retries 0
  no option redispatch
  timeout connect 5s
  timeout client ${idleTimeoutSeconds}s
  timeout server ${idleTimeoutSeconds}s
  # A busy machine may take its time with an answer; without this line it would have one interval.
  timeout check ${checkTimeoutSeconds}s
  timeout http-keep-alive ${idleTimeoutSeconds}s
frontend load-balancer
  bind ${listen}
${listenSocket ? `  bind "unix@${listenSocket}" mode 600\n` : ""}  default_backend ${backend}
backend ${backend}
  balance roundrobin
  option httpchk GET ${healthPath}
  http-check expect status 200
`;
}
