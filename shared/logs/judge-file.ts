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
      const entry = find(file);
      const offsetBytes = entry?.offsetBytes ?? 0;
      return [identityOf(file), { file, offsetBytes, backlog: backlogOf(file, entry, fingerprints) }];
    }),
  );
};

const backlogOf = (file: FileFacts, entry: RegistryEntry | undefined, fingerprints: boolean): Backlog => {
  const offsetBytes = entry?.offsetBytes ?? 0;
  const backlogBytes = file.sizeBytes - offsetBytes;
  if (backlogBytes === 0) return { kind: "none" };
  if (backlogBytes < 0) return { kind: "beyond-end", offsetBytes };
  if (entry === undefined) {
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
