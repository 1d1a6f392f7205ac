// The facts that documents/log-state.sh prints about a host's log files and its filebeat: data, no judgement.

/** Where filebeat keeps what it has shipped; `unknown` is never judged, since Elastic calls the format no public API. */
export type RegistryLayout = "operation-log" | "data-json" | "single-file" | "none" | "unknown";

/** One regular file at hand: matched by our globs, held open by filebeat, or known to its registry. */
export interface FileFacts {
  /** Readable; bytes that are no UTF-8 show as U+FFFD. */
  path: string;
  /** The same path, exactly: every unusual byte as %XX. */
  encodedPath: string;
  /** Decimal, as text: inodes and devices can be larger than a number holds exactly. */
  device: string;
  inode: string;
  sizeBytes: number;
  /** True for a file that has no name any more and lives only because filebeat holds it open. */
  deleted: boolean;
  matchedByGlob: boolean;
  openInFilebeat: boolean;
  /**
   * filebeat stands at the end of it, by its descriptor. Known only of a file that is open and that no glob matches any more: of
   * such a file filebeat's registry says nothing (docs/facts.md, "Filebeat").
   */
  readToEnd: boolean;
  /** Bytes after the last newline; undefined where nobody needed to look (nothing behind the offset). */
  fragmentBytes?: number;
  /** SHA-256 of the first 1024 bytes, only where the registry goes by fingerprint. */
  fingerprint?: string;
}

/** One entry of filebeat's registry, the last operation on its key. */
export interface RegistryEntry {
  key: string;
  /** `filestream` and `log` inputs keep different keys; where both know a file, filestream is the living one. */
  input: "filestream" | "log";
  identity:
    | { kind: "native"; device: string; inode: string }
    | { kind: "fingerprint"; fingerprint: string }
    | { kind: "other"; name: string };
  /** As filebeat saw it; may be out of date after a rename. */
  source: string;
  /** Bytes acknowledged by the output. `cursor: null` counts as 0. */
  offsetBytes: number;
}

export interface FilebeatProcess {
  pid: number;
  /** Clock ticks since boot, as text: with the pid it names one process for ever. */
  startTicks: string;
  /** True when it holds this registry or its lock open. */
  holdsRegistry: boolean;
}

/** The members of filebeat's /stats that matter here. */
export interface FilebeatStats {
  ephemeralId?: string;
  pipelineActive?: number;
  outputActive?: number;
  acked?: number;
  failed?: number;
  dropped?: number;
  openFiles?: number;
  runningHarvesters?: number;
}

export interface Writer {
  pid: number;
  command: string;
  device: string;
  inode: string;
  path: string;
}

/** What was true on the host at one moment. */
export interface Sample {
  takenAtSeconds: number;
  /** Running containers of swarm tasks; undefined when docker did not answer (see `errors`). */
  taskContainers?: readonly { id: string; name: string }[];
  /** Processes other than filebeat that hold one of these files open for writing. */
  writers: readonly Writer[];
  filebeat: readonly FilebeatProcess[];
  files: readonly FileFacts[];
  layout: RegistryLayout;
  /** The number of the checkpoint that the operation log stands on; "0" without one. */
  checkpoint: string;
  entries: readonly RegistryEntry[];
  /** Absent when HTTP is off or did not answer (then `errors` says so). */
  stats?: FilebeatStats;
  /** What could not be read or was not as expected. Never empty and flushed at once. */
  errors: readonly string[];
  /** Files left out because the answer would not have fitted. */
  leftOut: {
    /** Their entry's offset equals their size. */
    complete: readonly { device: string; inode: string; sizeBytes: number }[];
    /** Nothing is known about these: they forbid `flushed`. */
    unknown: number;
  };
}

/** The whole answer of one run of the document. */
export interface LogState {
  schema: 1;
  /** Of the last sample; undefined when docker did not answer. */
  taskContainers?: number;
  truncated: boolean;
  /** Oldest first. */
  samples: readonly Sample[];
}
