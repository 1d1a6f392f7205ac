// What can be said of each log file, and of filebeat as a whole, before a machine may go.

export type FileVerdict =
  /** Everything was acknowledged. */
  | { kind: "shipped" }
  /** All but a last line without a newline, which filebeat would never ship: tolerated, reported. */
  | { kind: "fragment"; fragmentBytes: number }
  | { kind: "pending"; backlogBytes: number }
  /** No entry after a whole scan interval: filebeat's configuration does not cover this file. Waiting cannot help. */
  | { kind: "not-matched"; backlogBytes: number }
  /** Fingerprints need 1024 bytes: filebeat never starts on this file. Waiting cannot help. */
  | { kind: "too-small"; backlogBytes: number }
  /** The offset is behind the end: truncated, or an inode used again. Unknown until filebeat's next scan. */
  | { kind: "truncated"; offsetBytes: number }
  /** Had a backlog when last seen, and is gone now. */
  | { kind: "lost"; backlogBytes: number }
  /** The backlog has not shrunk over several samples. */
  | { kind: "blocked"; backlogBytes: number };

export interface JudgedFile {
  path: string;
  encodedPath: string;
  device: string;
  inode: string;
  sizeBytes: number;
  /** Bytes acknowledged: 0 without an entry. */
  offsetBytes: number;
  deleted: boolean;
  verdict: FileVerdict;
}

/** `restarted`: another process or another run than in the sample it is compared with. */
export type FilebeatVerdict = "running" | "dead" | "restarted" | "unknown-layout";

export interface Judgement {
  /** Everything was shipped: proven by two samples at least a scan interval apart. */
  flushed: boolean;
  /** False when waiting longer cannot make it flushed: a person, or the policy at the deadline, must decide. */
  waitingHelps: boolean;
  /** One a file, worst first, then by path. */
  files: readonly JudgedFile[];
  filebeat: FilebeatVerdict;
  writers: readonly { pid: number; command: string; path: string }[];
  /** undefined: docker did not answer. */
  taskContainers: number | undefined;
  counters: {
    /** undefined where HTTP is off. */
    active: number | undefined;
    /** Since the sample compared with: failed events are tried again. */
    newFailed: number;
    /** Since the first sample: dropped events count as acknowledged in the registry and are gone. */
    newDropped: number;
  };
  errors: readonly string[];
  /** Files that did not fit into the answer and of which nothing is known. */
  leftOut: number;
  /** Why not flushed, in the order of importance; empty when flushed. */
  reasons: readonly string[];
}

export interface JudgeOptions {
  /** filebeat's `prospector.scanner.check_interval`: samples nearer to each other prove nothing. Default 10. */
  scanIntervalSeconds?: number;
  /** A backlog that has not shrunk over this many samples is `blocked`. Default 4. */
  blockedAfterSamples?: number;
}

/** The bytes [offset, size) of a file that nobody has acknowledged. */
export interface UnshippedRange {
  path: string;
  encodedPath: string;
  device: string;
  inode: string;
  /** Without a name: reachable only through filebeat's open descriptor. */
  deleted: boolean;
  offset: number;
  size: number;
}
