// filebeat's registry as of 7.9: a log of operations on top of a checkpoint, written as filebeat writes it.

import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

export interface Entry {
  cursor: { offset: number } | null;
  meta: { source: string; identifier_name: string };
}

/** filebeat starts a new checkpoint when the log has grown to this. */
const checkpointAfterBytes = 10 * 1024 * 1024;

export class Registry {
  readonly entries = new Map<string, Entry>();
  readonly #forgotten = new Set<string>();
  readonly #directory: string;
  readonly #checkpointAfterBytes: number;
  #log = -1;
  #logBytes = 0;
  #lastId = 0;
  #checkpoint: string | undefined;

  /** Opens `<data>/registry/filebeat`, made if needed, and resumes from what it holds. */
  constructor(dataPath: string, limitBytes: number = checkpointAfterBytes) {
    this.#directory = join(dataPath, "registry", "filebeat");
    this.#checkpointAfterBytes = limitBytes;
    mkdirSync(this.#directory, { recursive: true, mode: 0o750 });
    const meta = join(this.#directory, "meta.json");
    if (!existsSync(meta)) writeFileSync(meta, '{"version":"1"}', { mode: 0o600 });
    this.#loadCheckpoint();
    const whole = this.#loadLog();
    this.#log = openSync(join(this.#directory, "log.json"), "a", 0o600);
    if (!whole) this.#writeCheckpoint();
  }

  set(key: string, entry: Entry): void {
    if (this.#forgotten.has(key)) return;
    this.entries.set(key, entry);
    this.#append("set", { k: key, v: { ttl: -1, updated: timestamp(), ...entry } });
  }

  /** As filebeat does with a file that is gone while it reads it: from now on nothing that is acknowledged is written down. */
  forget(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined || this.#forgotten.has(key)) return;
    this.#forgotten.add(key);
    this.#append("set", { k: key, v: { ttl: 0, updated: timestamp(), ...entry } });
  }

  remove(key: string): void {
    this.#forgotten.delete(key);
    if (!this.entries.delete(key)) return;
    this.#append("remove", { k: key });
  }

  close(): void {
    fsyncSync(this.#log);
    closeSync(this.#log);
  }

  #append(op: "set" | "remove", operation: unknown): void {
    // As in filebeat: the operation that would come too much goes into the checkpoint instead.
    if (this.#logBytes > this.#checkpointAfterBytes) {
      this.#writeCheckpoint();
      return;
    }
    this.#lastId += 1;
    const text = `${JSON.stringify({ op, id: this.#lastId })}\n${JSON.stringify(operation)}\n`;
    this.#logBytes += writeSync(this.#log, text);
  }

  #writeCheckpoint(): void {
    const id = this.#lastId + 1;
    const path = join(this.#directory, `${id}.json`);
    const temporary = join(this.#directory, "checkpoint.new");
    const lines = [...this.entries].map(([key, entry]) =>
      JSON.stringify({ _key: key, ttl: -1, updated: timestamp(), ...entry }),
    );
    writeFileSync(temporary, `[${lines.length === 0 ? "" : "\n"}${lines.join(",\n")}\n]`, { mode: 0o600 });
    renameSync(temporary, path);
    ftruncateSync(this.#log, 0);
    this.#logBytes = 0;
    this.#lastId = id;
    writeFileSync(join(this.#directory, "active.dat.new"), path, { mode: 0o600 });
    renameSync(join(this.#directory, "active.dat.new"), join(this.#directory, "active.dat"));
    if (this.#checkpoint !== undefined) rmSync(this.#checkpoint, { force: true });
    this.#checkpoint = path;
  }

  #loadCheckpoint(): void {
    for (const name of readdirSync(this.#directory)) {
      const id = /^(\d+)\.json$/.exec(name)?.[1];
      if (id !== undefined && Number(id) > this.#lastId) this.#lastId = Number(id);
    }
    if (this.#lastId === 0) return;
    this.#checkpoint = join(this.#directory, `${this.#lastId}.json`);
    const entries = JSON.parse(readFileSync(this.#checkpoint, "utf8")) as ({ _key: string } & Entry)[];
    for (const { _key: key, cursor, meta } of entries) this.entries.set(key, { cursor, meta });
  }

  /** False when the log ends in something that is no operation: it must not be written on. */
  #loadLog(): boolean {
    const path = join(this.#directory, "log.json");
    if (!existsSync(path)) return true;
    const text = readFileSync(path, "utf8");
    this.#logBytes = Buffer.byteLength(text);
    const lines = text.split("\n");
    for (let index = 0; index + 1 < lines.length; index += 2) {
      try {
        const { op, id } = JSON.parse(lines[index] ?? "") as { op: string; id: number };
        const { k, v } = JSON.parse(lines[index + 1] ?? "") as { k: string; v?: Entry };
        if (id <= this.#lastId) continue;
        if (id !== this.#lastId + 1) return false;
        this.#lastId = id;
        if (op === "set" && v !== undefined) this.entries.set(k, { cursor: v.cursor, meta: v.meta });
        else this.entries.delete(k);
      } catch {
        // A line cut by a crash: what stands before it counts, as in filebeat, which goes on with a checkpoint.
        return false;
      }
    }
    return lines.length % 2 === 1 && lines.at(-1) === "";
  }
}

/** filebeat's own spelling of a time: two numbers, which nobody else reads. */
const timestamp = (): [number, number] => [0, Math.floor(Date.now() / 1000)];
