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
  readonly #file: number;

  private constructor(file: FoundFile, descriptor: number, offset: number) {
    this.key = file.key;
    this.device = file.device;
    this.inode = file.inode;
    this.path = file.path;
    this.offset = offset;
    this.#file = descriptor;
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
    if (size < this.offset) this.offset = 0; // Truncated: filebeat starts anew as well.
    if (size === this.offset) return [];
    let chunk = this.#chunk(Math.min(readBytes, size - this.offset));
    while (!chunk.includes(newline) && chunk.length < Math.min(maxLineBytes, size - this.offset)) {
      chunk = this.#chunk(Math.min(chunk.length * 2, maxLineBytes, size - this.offset));
    }
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
    this.offset += start;
    if (lines.length > 0) this.lastReadMs = Date.now();
    return lines;
  }

  close(): void {
    closeSync(this.#file);
  }

  #chunk(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(this.#file, bytes, 0, length, this.offset));
  }
}
