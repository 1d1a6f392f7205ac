// Which lines have arrived: on disk one JSON line each, in memory the counts.

import { type FileHandle, open } from "node:fs/promises";
import type { LogDocument } from "./bulk.ts";

export interface RequestCount {
  /** Different ids among the lines `request <id>`. */
  distinct: number;
  /** Lines whose id had come before. At least once is what a shipper promises. */
  duplicate: number;
}

export class LineLedger {
  lines = 0;
  readonly hosts = new Map<string, number>();
  readonly #requests = new Map<string, number>();
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<LineLedger> {
    return new LineLedger(await open(path, "a"));
  }

  /** Resolves once the lines are in the file: only then may they be acknowledged. */
  async record(documents: readonly LogDocument[]): Promise<void> {
    const rows = documents.map((document) => ({
      host: document.host?.name ?? document.agent?.name ?? "",
      path: document.log?.file?.path,
      offset: document.log?.offset,
      message: document.message ?? "",
    }));
    if (rows.length === 0) return;
    await this.#file.appendFile(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    for (const { host, message } of rows) {
      this.lines += 1;
      this.hosts.set(host, (this.hosts.get(host) ?? 0) + 1);
      const id = /\brequest (\S+)/.exec(message)?.[1];
      if (id !== undefined) this.#requests.set(id, (this.#requests.get(id) ?? 0) + 1);
    }
  }

  requests(): RequestCount {
    let duplicate = 0;
    for (const times of this.#requests.values()) duplicate += times - 1;
    return { distinct: this.#requests.size, duplicate };
  }

  hasRequest(id: string): boolean {
    return this.#requests.has(id);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
