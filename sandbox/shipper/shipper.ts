// The filebeat stand-in's loop: find files, read complete lines, have them sent, write down what was acknowledged.

import { setTimeout as sleep } from "node:timers/promises";
import type { InputConfiguration, ShipperConfiguration } from "./configuration.ts";
import { Harvester, type Line } from "./harvester.ts";
import { Multiline } from "./multiline.ts";
import { elasticsearchOutput } from "./output.ts";
import { Publisher } from "./publisher.ts";
import type { Registry } from "./registry.ts";
import { type FoundFile, scan } from "./scan.ts";
import { type Statistics, version } from "./statistics.ts";

interface Input extends InputConfiguration {
  nextScanMs: number;
  harvesters: Map<string, Harvester>;
  /** Events that are not yet complete, of the open files. */
  events: Map<string, Multiline>;
}

export class Shipper {
  readonly #configuration: ShipperConfiguration;
  readonly #registry: Registry;
  readonly #statistics: Statistics;
  readonly #host: string;
  readonly #inputs: Input[];
  readonly #publisher: Publisher;
  readonly #acknowledged = new Map<string, number>();
  readonly #stopped = new AbortController();
  #nextFlushMs = 0;

  constructor(
    configuration: ShipperConfiguration,
    registry: Registry,
    statistics: Statistics,
    host: string,
    warn: (message: string) => void,
  ) {
    this.#configuration = configuration;
    this.#registry = registry;
    this.#statistics = statistics;
    this.#host = host;
    this.#inputs = configuration.inputs.map((input) => ({
      ...input,
      nextScanMs: 0,
      harvesters: new Map(),
      events: new Map(),
    }));
    this.#publisher = new Publisher(
      elasticsearchOutput(configuration.output, warn),
      statistics,
      configuration.output,
      (key, offset) => this.#acknowledged.set(key, offset),
    );
  }

  /** Resolves after `stop()`, when what was on its way is acknowledged or the shutdown timeout is over. */
  async run(): Promise<void> {
    const publishing = this.#publisher.run();
    const pollMs = Math.min(...this.#inputs.map((input) => input.pollMs));
    while (!this.#stopped.signal.aborted) {
      const read = this.#turn();
      if (!read || this.#publisher.full) await this.#publisher.progress(pollMs, this.#stopped.signal);
      else await sleep(0);
    }
    const deadline = Date.now() + this.#configuration.shutdownTimeoutMs;
    while (!this.#publisher.empty && Date.now() < deadline) await sleep(50);
    this.#publisher.abort();
    await publishing;
    this.#flushRegistry();
    for (const { harvesters } of this.#inputs) for (const harvester of harvesters.values()) harvester.close();
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** True when a file had more to read. */
  #turn(): boolean {
    const now = Date.now();
    if (now >= this.#nextFlushMs) {
      this.#flushRegistry();
      this.#nextFlushMs = now + this.#configuration.registryFlushMs;
    }
    let read = false;
    for (const input of this.#inputs) {
      if (now >= input.nextScanMs) {
        this.#scan(input);
        input.nextScanMs = now + input.scanIntervalMs;
      }
      for (const harvester of input.harvesters.values()) {
        if (this.#publisher.full) break;
        const lines = harvester.read();
        for (const event of this.#eventsOf(input, harvester, lines)) this.#publish(harvester, event);
        read ||= lines.length > 0;
        if (lines.length === 0) this.#closeIfDone(input, harvester);
      }
    }
    this.#statistics.openFiles = this.#inputs.reduce((sum, { harvesters }) => sum + harvesters.size, 0);
    return read;
  }

  /** Of a file's new lines, those events that are complete. */
  #eventsOf(input: Input, { key }: Harvester, lines: Line[]): Line[] {
    if (input.multiline === undefined) return lines;
    const held = input.events.get(key) ?? new Multiline(input.multiline);
    input.events.set(key, held);
    const now = Date.now();
    return [...held.add(lines, now), ...(lines.length === 0 ? held.due(now) : [])];
  }

  #scan(input: Input): void {
    const found = scan(input);
    for (const file of found) this.#discover(input, file);
    if (!input.cleanRemoved) return;
    const present = new Set(found.map(({ key }) => key));
    const paths = new Set(found.map(({ path }) => path));
    for (const [key, { meta }] of this.#registry.entries) {
      if (!key.startsWith(`filestream::${input.id}::`) || present.has(key)) continue;
      const busy = input.harvesters.has(key) || this.#publisher.isWaiting(key);
      if (!busy) this.#registry.remove(key);
      else if (!paths.has(meta.source)) this.#registry.forget(key);
    }
  }

  #discover(input: Input, file: FoundFile): void {
    const meta = {
      source: file.path,
      identifier_name: input.byFingerprint ? "fingerprint" : "native",
    };
    const known = this.#registry.entries.get(file.key);
    // filebeat, too, writes the entry when it finds the file, before anything is acknowledged.
    if (known === undefined) this.#registry.set(file.key, { cursor: null, meta });
    else if (known.meta.source !== file.path) this.#registry.set(file.key, { ...known, meta });
    const harvester = input.harvesters.get(file.key);
    if (harvester !== undefined) {
      harvester.path = file.path;
      return;
    }
    const acknowledged = this.#acknowledged.get(file.key) ?? known?.cursor?.offset ?? 0;
    if (file.sizeBytes === acknowledged || this.#publisher.isWaiting(file.key)) return;
    const offset = file.sizeBytes < acknowledged ? 0 : acknowledged;
    if (offset !== acknowledged) this.#registry.set(file.key, { cursor: { offset }, meta });
    const opened = Harvester.open(file, offset);
    if (opened !== undefined) input.harvesters.set(file.key, opened);
  }

  /**
   * Like filebeat, a deleted file stays open until it was inactive for long, and longer while a line of it is on
   * its way: until then its bytes exist nowhere else, and nobody could prove that they were shipped.
   */
  #closeIfDone(input: Input, harvester: Harvester): void {
    const idleMs = Date.now() - harvester.lastReadMs;
    const done = idleMs > input.closeInactiveMs || (input.closeRemoved && !harvester.named);
    if (!done || this.#publisher.isWaiting(harvester.key) || input.events.get(harvester.key)?.holds) return;
    harvester.close();
    input.harvesters.delete(harvester.key);
    input.events.delete(harvester.key);
  }

  #publish(harvester: Harvester, line: Line): void {
    this.#publisher.add({
      key: harvester.key,
      endOffset: line.endOffset,
      bytes: line.endOffset - line.offset,
      document: {
        "@timestamp": new Date().toISOString(),
        message: line.message,
        log: {
          offset: line.offset,
          file: {
            path: harvester.path,
            inode: String(harvester.inode),
            device_id: String(harvester.device),
          },
        },
        input: { type: "filestream" },
        ecs: { version: "8.0.0" },
        host: { name: this.#host },
        agent: { type: "filebeat", version, name: this.#host, ephemeral_id: this.#statistics.ephemeralId },
      },
    });
  }

  #flushRegistry(): void {
    for (const [key, offset] of this.#acknowledged) {
      const entry = this.#registry.entries.get(key);
      if (entry !== undefined && entry.cursor?.offset !== offset) {
        this.#registry.set(key, { ...entry, cursor: { offset } });
      }
    }
    this.#acknowledged.clear();
  }
}
