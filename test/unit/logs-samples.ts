// Samples for the tests of shared/logs: a host that is flushed, to be spoiled by each test.

import type { FileFacts, RegistryEntry, Sample } from "../../shared/logs/index.ts";

export const file = (inode: number, sizeBytes: number, more: Partial<FileFacts> = {}): FileFacts => ({
  path: `/var/log/hive/c/${inode}.log`,
  encodedPath: `/var/log/hive/c/${inode}.log`,
  device: "66305",
  inode: String(inode),
  sizeBytes,
  deleted: false,
  matchedByGlob: true,
  openInFilebeat: true,
  readToEnd: false,
  ...more,
});

export const entry = (
  inode: number,
  offsetBytes: number,
  more: Partial<RegistryEntry> = {},
): RegistryEntry => ({
  key: `filestream::hive::native::${inode}-66305`,
  input: "filestream",
  identity: { kind: "native", device: "66305", inode: String(inode) },
  source: `/var/log/hive/c/${inode}.log`,
  offsetBytes,
  ...more,
});

/** Taken `seconds` after the first one; complete, with one file. */
export const sample = (seconds: number, more: Partial<Sample> = {}): Sample => ({
  takenAtSeconds: 1_780_000_000 + seconds,
  taskContainers: [],
  writers: [],
  filebeat: [{ pid: 700, startTicks: "4711", holdsRegistry: true }],
  files: [file(1, 100)],
  layout: "operation-log",
  checkpoint: "0",
  entries: [entry(1, 100)],
  stats: { ephemeralId: "e1", pipelineActive: 0, outputActive: 0, acked: 9, failed: 2, dropped: 1 },
  errors: [],
  leftOut: { complete: [], unknown: 0 },
  ...more,
});

export const withoutStats = ({ stats: _, ...rest }: Sample): Sample => rest;

/** The same facts at 0, 10 and 20 seconds. */
export const steady = (more: Partial<Sample>): Sample[] =>
  [0, 10, 20].map((seconds) => sample(seconds, more));
