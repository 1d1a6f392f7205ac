// What one sample alone says of one file: its entry, its offset, its backlog.

import type { FileFacts, RegistryEntry, Sample } from "./facts.ts";

/** filebeat takes no fingerprint of a file shorter than this. */
const fingerprintedBytes = 1024;

export type Backlog =
  | { kind: "none" }
  | { kind: "fragment"; fragmentBytes: number }
  | { kind: "behind"; backlogBytes: number }
  | { kind: "no-entry"; backlogBytes: number }
  | { kind: "too-small"; backlogBytes: number }
  | { kind: "beyond-end"; offsetBytes: number };

export interface SampledFile {
  file: FileFacts;
  offsetBytes: number;
  backlog: Backlog;
}

/** Names a file for as long as it exists, whatever it is renamed to. */
export const identityOf = (file: { device: string; inode: string }): string => `${file.device}:${file.inode}`;

/** Every file of a sample by identity. */
export const sampledFiles = (sample: Sample): Map<string, SampledFile> => {
  const find = entryFinder(sample.entries);
  const fingerprints = sample.entries.some((entry) => entry.identity.kind === "fingerprint");
  return new Map(
    sample.files.map((file) => {
      const acknowledged = readAndAcknowledged(file, sample) ?? find(file)?.offsetBytes;
      const backlog = backlogOf(file, acknowledged, fingerprints);
      return [identityOf(file), { file, offsetBytes: acknowledged ?? 0, backlog }];
    }),
  );
};

/**
 * Of a file that has left filebeat's globs, deleted or renamed, while it was open: how far it is shipped. filebeat reads it to its end
 * but no longer writes down what is acknowledged. So the end that it has reached counts, once nothing is on its way any more: the sample
 * before shows that the end was reached before that was counted (`judge` asks for two).
 */
const readAndAcknowledged = (file: FileFacts, { stats }: Sample): number | undefined => {
  if (file.matchedByGlob || !file.readToEnd || file.fragmentBytes === undefined) return undefined;
  return stats?.pipelineActive === 0 ? file.sizeBytes - file.fragmentBytes : undefined;
};

const backlogOf = (file: FileFacts, acknowledged: number | undefined, fingerprints: boolean): Backlog => {
  const offsetBytes = acknowledged ?? 0;
  const backlogBytes = file.sizeBytes - offsetBytes;
  if (backlogBytes === 0) return { kind: "none" };
  if (backlogBytes < 0) return { kind: "beyond-end", offsetBytes };
  if (acknowledged === undefined) {
    const tooSmall = fingerprints && file.sizeBytes <= fingerprintedBytes;
    return { kind: tooSmall ? "too-small" : "no-entry", backlogBytes };
  }
  // Only what lies behind the last newline may stay: one complete line more, and it is a backlog.
  const tolerated = file.fragmentBytes !== undefined && backlogBytes <= file.fragmentBytes;
  return tolerated ? { kind: "fragment", fragmentBytes: backlogBytes } : { kind: "behind", backlogBytes };
};

/**
 * Finds the entry of a file by device and inode or by fingerprint, never by path (docs/facts.md, "Filebeat"). Where several know
 * it, a filestream's is taken before a log input's, which a migration leaves behind; then a fingerprint's before
 * a native one's, for the same reason; then the one with the smallest offset, so that a stale entry can make us
 * wait but never let data go.
 */
export const entryFinder = (
  entries: readonly RegistryEntry[],
): ((file: { device: string; inode: string; fingerprint?: string }) => RegistryEntry | undefined) => {
  const byIdentity = new Map<string, RegistryEntry[]>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (name === undefined) continue;
    const same = byIdentity.get(name);
    if (same === undefined) byIdentity.set(name, [entry]);
    else same.push(entry);
  }
  return (file) =>
    [
      ...(file.fingerprint === undefined ? [] : (byIdentity.get(`fingerprint ${file.fingerprint}`) ?? [])),
      ...(byIdentity.get(`native ${identityOf(file)}`) ?? []),
    ].sort((left, right) => rank(left) - rank(right) || left.offsetBytes - right.offsetBytes)[0];
};

const nameOf = ({ identity }: RegistryEntry): string | undefined => {
  switch (identity.kind) {
    case "native":
      return `native ${identityOf(identity)}`;
    case "fingerprint":
      return `fingerprint ${identity.fingerprint}`;
    case "other":
      return undefined;
  }
};

const rank = (entry: RegistryEntry): number =>
  (entry.input === "filestream" ? 0 : 2) + (entry.identity.kind === "fingerprint" ? 0 : 1);
