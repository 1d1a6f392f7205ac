// One raw line of filebeat's registry, in any of its three spellings, as an entry.

import * as z from "zod/mini";
import type { RegistryEntry } from "./facts.ts";

const offset = z.int().check(z.nonnegative());

/** filestream (≥ 7.9): `cursor: null` means that nothing was acknowledged yet. */
const filestreamValue = z.object({
  cursor: z.optional(z.nullable(z.object({ offset: z.optional(offset) }))),
  meta: z.optional(z.nullable(z.object({ source: z.optional(z.string()) }))),
});

/** The log input's state, also the whole of an entry before 7.9. */
const logValue = z.object({ source: z.string(), offset });
const legacyEntry = z.object({
  ...logValue.shape,
  FileStateOS: z.object({ inode: z.int(), device: z.int() }),
});

const operation = z.object({ k: z.string(), v: z.record(z.string(), z.unknown()) });
const checkpointLine = z.looseObject({ _key: z.string() });

/**
 * Reads `{"k":…,"v":…}` (operation log), `{"_key":…,…}` (checkpoint) or `{"source":…}` (before 7.9).
 *
 * @throws {Error} when the line is no such entry; the caller reports it, since an entry that cannot be read
 * forbids every claim about its file.
 */
export const parseRegistryEntry = (line: string): RegistryEntry => {
  const json: unknown = JSON.parse(line);
  const asOperation = operation.safeParse(json);
  if (asOperation.success) return keyedEntry(asOperation.data.k, asOperation.data.v);
  const asCheckpoint = checkpointLine.safeParse(json);
  if (asCheckpoint.success) return keyedEntry(asCheckpoint.data._key, asCheckpoint.data);
  const { source, offset: offsetBytes, FileStateOS: state } = legacyEntry.parse(json);
  const [inode, device] = [String(state.inode), String(state.device)];
  return {
    key: `filebeat::logs::native::${inode}-${device}`,
    input: "log",
    identity: { kind: "native", device, inode },
    source,
    offsetBytes,
  };
};

const keyedEntry = (key: string, value: unknown): RegistryEntry => {
  const identity = identityOf(key);
  if (key.startsWith("filebeat::logs::")) {
    const { source, offset: offsetBytes } = logValue.parse(value);
    return { key, input: "log", identity, source, offsetBytes };
  }
  const { cursor, meta } = filestreamValue.parse(value);
  return {
    key,
    input: "filestream",
    identity,
    source: meta?.source ?? "",
    offsetBytes: cursor?.offset ?? 0,
  };
};

/** The identity stands at the end of the key; an input's id before it may hold anything, `::` too. */
const identityOf = (key: string): RegistryEntry["identity"] => {
  const native = /::native::(\d+)-(\d+)$/.exec(key);
  if (native?.[1] !== undefined && native[2] !== undefined) {
    return { kind: "native", inode: native[1], device: native[2] };
  }
  const fingerprint = /::fingerprint::([0-9a-f]+)$/.exec(key);
  if (fingerprint?.[1] !== undefined) return { kind: "fingerprint", fingerprint: fingerprint[1] };
  return { kind: "other", name: key.split("::").at(-2) ?? "" };
};
