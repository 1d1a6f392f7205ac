// The log files of a simulated host and the filebeat that ships them, as functions of time: nothing runs in between.
import type { Clock } from "../clock.ts";

export interface LogFile {
  readonly device: string;
  readonly inode: string;
  readonly path: string;
  readonly from: number;
  /** undefined while it is written. */
  until: number | undefined;
  /** Bytes acknowledged when filebeat last shipped. */
  acknowledged: number;
}

/** Each line has 100 bytes, and a second writes one. */
const LINE_BYTES = 100;
const DEVICE = "64512";

export class HostLogs {
  readonly files: LogFile[] = [];
  readonly #clock: Clock;
  readonly #lagMs: number;
  #filebeat: "running" | "dead" = "running";
  #blocked = false;
  /** Since when filebeat ships, as it does now. */
  #shippingSince: number;
  #pid = 700;
  #inode = 135_000_000;
  restarts = 0;
  /** False: a filebeat that dies again at every start. */
  restartable = true;

  constructor(clock: Clock, lagMs: number) {
    this.#clock = clock;
    this.#lagMs = lagMs;
    this.#shippingSince = clock.now();
  }

  begin(path: string): LogFile {
    const file: LogFile = {
      device: DEVICE,
      inode: String(this.#inode++),
      path,
      from: this.#clock.now(),
      until: undefined,
      acknowledged: 0,
    };
    this.files.push(file);
    return file;
  }

  end(path: string): void {
    for (const file of this.files) if (file.path === path) file.until ??= this.#clock.now();
  }

  size(file: LogFile): number {
    return sizeAt(file, this.#clock.now());
  }

  offset(file: LogFile): number {
    return this.#shippedOf(file);
  }

  /** Bytes that nobody has acknowledged. */
  backlog(): number {
    return this.files.reduce((sum, file) => sum + this.size(file) - this.offset(file), 0);
  }

  /** The process, where it runs: pid and start time name it. */
  filebeat(): { pid: number; startTicks: string } | undefined {
    return this.#filebeat === "running" ? { pid: this.#pid, startTicks: `${this.#pid}00` } : undefined;
  }

  blocked(): boolean {
    return this.#blocked;
  }

  stopFilebeat(): void {
    this.#settle();
    this.#filebeat = "dead";
  }

  /** systemctl restart filebeat. */
  restartFilebeat(): void {
    this.#settle();
    this.restarts++;
    if (this.restartable) this.#filebeat = "running";
    this.#pid++;
  }

  /** The output takes nothing: events wait, nothing is acknowledged. */
  block(blocked = true): void {
    this.#settle();
    this.#blocked = blocked;
  }

  #shippedOf(file: LogFile): number {
    const upTo = this.#clock.now() - this.#lagMs;
    if (this.#filebeat === "dead" || this.#blocked || upTo < this.#shippingSince) return file.acknowledged;
    return Math.max(file.acknowledged, sizeAt(file, upTo));
  }

  #settle(): void {
    for (const file of this.files) file.acknowledged = this.#shippedOf(file);
    this.#shippingSince = this.#clock.now();
  }
}

const sizeAt = (file: LogFile, now: number): number =>
  LINE_BYTES * Math.max(0, Math.floor((Math.min(now, file.until ?? now) - file.from) / 1000));
