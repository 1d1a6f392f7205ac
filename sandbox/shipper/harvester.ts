// One open log file: reads complete lines from where it stands, also when the file was renamed or deleted.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FoundFile, isGone } from "./scan.ts";

export interface Line {
  message: string;
  /** Where the line begins, and where the next one will. */
  offset: number;
  endOffset: number;
}

const newline = 0x0a;
const readBytes = 64 * 1024;
/** filebeat's message_max_bytes: a longer line is shipped in pieces here, so that it cannot fill the memory. */
const maxLineBytes = 10 * 1024 * 1024;

export class Harvester {
  readonly key: string;
  readonly device: number;
  readonly inode: number;
  path: string;
  /** When it last found something to read, in milliseconds. */
  lastReadMs = Date.now();
  offset: number;
  #file: number;
  /** Read, and not yet a complete line. */
  #rest = Buffer.alloc(0);

  private constructor(file: FoundFile, descriptor: number, offset: number) {
    this.key = file.key;
    this.device = file.device;
    this.inode = file.inode;
    this.path = file.path;
    this.offset = offset;
    this.#file = descriptor;
    // Nor can it be set forward: what was shipped before is read over.
    for (let left = offset; left > 0; ) {
      const bytes = readSync(
        descriptor,
        Buffer.allocUnsafe(Math.min(readBytes, left)),
        0,
        Math.min(readBytes, left),
        null,
      );
      if (bytes === 0) break;
      left -= bytes;
    }
  }

  /** undefined when the path leads elsewhere, or nowhere, by now: the next scan will find the file again. */
  static open(file: FoundFile, offset: number): Harvester | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(file.path, "r");
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
    const { dev, ino } = fstatSync(descriptor);
    if (dev === file.device && ino === file.inode) return new Harvester(file, descriptor, offset);
    closeSync(descriptor);
    return undefined;
  }

  /** True while the file still has a name somewhere. */
  get named(): boolean {
    return fstatSync(this.#file).nlink > 0;
  }

  /** Reads at most some 64 KiB of complete lines; a last one without newline stays until it is complete. */
  read(): Line[] {
    const { size } = fstatSync(this.#file);
    if (size < this.#position) this.#startAnew();
    if (size === this.#position) return [];
    let chunk = this.#more(this.#rest, size);
    while (!chunk.includes(newline) && chunk.length < maxLineBytes && this.#position < size)
      chunk = this.#more(chunk, size);
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const offset = this.offset + start;
      lines.push({
        message: chunk.toString("utf8", start, end),
        offset,
        endOffset: offset + end - start + 1,
      });
      start = end + 1;
    }
    if (lines.length === 0 && chunk.length >= maxLineBytes) {
      lines.push({
        message: chunk.toString("utf8"),
        offset: this.offset,
        endOffset: this.offset + chunk.length,
      });
      start = chunk.length;
    }
    this.#rest = Buffer.from(chunk.subarray(start));
    this.offset += start;
    if (lines.length > 0) this.lastReadMs = Date.now();
    return lines;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Where the descriptor stands: like filebeat's it tells everybody how far the file is read. */
  get #position(): number {
    return this.offset + this.#rest.length;
  }

  #more(chunk: Buffer, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.min(readBytes, size - this.offset - chunk.length));
    const more = bytes.subarray(0, readSync(this.#file, bytes, 0, bytes.length, null));
    this.#rest = Buffer.concat([chunk, more]);
    return this.#rest;
  }

  /** Truncated: filebeat as well begins at the start again. A descriptor cannot be set back here, so it is opened again. */
  #startAnew(): void {
    const descriptor = openSync(`/proc/self/fd/${this.#file}`, "r");
    closeSync(this.#file);
    this.#file = descriptor;
    this.offset = 0;
    this.#rest = Buffer.alloc(0);
  }
}
