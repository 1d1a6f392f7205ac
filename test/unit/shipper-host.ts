// A host with a filebeat really running on it (the stand-in, or the real one where there is one: docs/logs.md, "Real filebeat"), a
// collector for its lines, and log-state.sh to look at it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Collector, startCollector } from "../../sandbox/collector/collector.ts";
import { realArguments, realFilebeat } from "../../sandbox/shipper/real.ts";
import { type Judgement, judge, type Sample } from "../../shared/logs/index.ts";
import { TestHost } from "./log-state-host.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

export class ShipperHost extends TestHost {
  readonly samples: Sample[] = [];
  readonly collector: Collector;
  readonly #httpPort: number;
  #shipper: ChildProcess | undefined;
  #version = "";

  private constructor(collector: Collector, httpPort: number, directory: string) {
    super(directory);
    this.collector = collector;
    this.#httpPort = httpPort;
    // The project's own filebeat.yml, but for the places.
    const configuration = readFileSync(join(project, "cluster/filebeat.yml"), "utf8")
      .replaceAll("/var/log/hive", join(this.directory, "logs"))
      .replace("5066", String(httpPort))
      .replace("backoff.max: 10s", "backoff.max: 500ms")
      .replaceAll("backoff.max: 1s", "backoff.max: 200ms")
      .replaceAll("backoff.init: 1s", "backoff.init: 200ms")
      .replace("registry.flush: 1s", "registry.flush: 200ms");
    writeFileSync(join(this.directory, "filebeat.yml"), configuration);
  }

  static async start(): Promise<ShipperHost> {
    const directory = TestHost.makeDirectory();
    const file = join(directory, "lines.jsonl");
    const collector = await startCollector({ host: "127.0.0.1", port: 0, file });
    const host = new ShipperHost(collector, await freePort(), directory);
    await host.startShipper();
    return host;
  }

  async startShipper(): Promise<void> {
    const real = realFilebeat();
    const [program, ...words] =
      real === undefined
        ? ([process.execPath, join(project, "sandbox/shipper/main.ts")] as const)
        : ([real, ...realArguments] as const);
    const child = spawn(program, [...words, "-c", join(this.directory, "filebeat.yml")], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        PATH: process.env.PATH,
        FILEBEAT_DATA: this.data,
        FILEBEAT_SCAN_INTERVAL: "300ms",
        ELASTICSEARCH_HOSTS: `127.0.0.1:${this.collector.port}`,
      },
    });
    this.#shipper = child;
    await once(child.stderr, "data");
    child.stderr.resume();
    this.#version = await this.#askVersion();
  }

  /** Asked until it answers: the real filebeat takes a second. */
  async #askVersion(): Promise<string> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      try {
        const answer = await fetch(`http://127.0.0.1:${this.#httpPort}/`);
        return ((await answer.json()) as { version: string }).version;
      } catch (cause) {
        if (Date.now() > deadline) throw new Error("filebeat does not answer after 10 seconds", { cause });
        await sleep(50);
      }
    }
  }

  /** True when this filebeat counts the events of a request that was refused as a whole among the failed ones: 8.1.3, measured, does not. */
  get countsRefused(): boolean {
    return this.#version !== "8.1.3";
  }

  async stopShipper(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#shipper;
    if (child === undefined) return;
    this.#shipper = undefined;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  /** Two samples a second apart; the judgement sees all that were ever taken of this host. */
  async judge(): Promise<Judgement> {
    const { samples } = await this.state({ settleSeconds: "1", filebeatHttp: `127.0.0.1:${this.#httpPort}` });
    this.samples.push(...samples);
    return judge(this.samples, { scanIntervalSeconds: 1 });
  }

  /** Judges until it is flushed, five times at most: a registry lags a little behind the collector. */
  async judgeUntilFlushed(): Promise<Judgement> {
    let judgement = await this.judge();
    for (let times = 1; times < 5 && !judgement.flushed; times++) judgement = await this.judge();
    return judgement;
  }

  override async close(): Promise<void> {
    await this.stopShipper("SIGKILL");
    await this.collector.close();
    await super.close();
  }
}

/** Waits for something that another process does. @throws {Error} when it takes longer than 10 seconds. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`10 seconds are over, and not yet: ${what}`);
    await sleep(20);
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};
