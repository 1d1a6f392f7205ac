// Which files do the globs of an input name now?

import { createHash } from "node:crypto";
import { closeSync, type Dirent, lstatSync, openSync, readdirSync, readSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { InputConfiguration } from "./configuration.ts";

export interface FoundFile {
  path: string;
  key: string;
  sizeBytes: number;
  device: number;
  inode: number;
}

const fingerprintBytes = 1024;

/** Regular files only, symbolic links not followed. A file without identity yet (too short) is not found. */
export const scan = (input: InputConfiguration): FoundFile[] =>
  input.paths.flatMap(expandGlob).flatMap((path) => {
    if (input.excludeFiles.some((pattern) => pattern.test(path))) return [];
    const stats = statOrGone(path);
    if (!stats?.isFile()) return [];
    const identity = input.byFingerprint ? fingerprint(path, stats) : `native::${stats.ino}-${stats.dev}`;
    if (identity === undefined) return [];
    const key = `filestream::${input.id}::${identity}`;
    return [{ path, key, sizeBytes: stats.size, device: stats.dev, inode: stats.ino }];
  });

/** `*`, `?` and `[…]` within a name, as Go's filepath.Glob has them; names with a leading dot match too. */
export const expandGlob = (glob: string): string[] => {
  let paths = [""];
  for (const segment of glob.split("/").slice(1)) {
    const pattern = /[*?[]/.test(segment) ? segmentPattern(segment) : undefined;
    paths = paths.flatMap((path) =>
      pattern === undefined
        ? [`${path}/${segment}`]
        : list(path === "" ? "/" : path).flatMap(({ name }) =>
            pattern.test(name) ? [join(path, name)] : [],
          ),
    );
  }
  return paths;
};

const segmentPattern = (segment: string): RegExp =>
  new RegExp(
    `^${segment
      .replaceAll(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  );

const list = (directory: string): Dirent[] => {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
};

const statOrGone = (path: string): Stats | undefined => {
  try {
    return lstatSync(path);
  } catch (error) {
    // Between listing and looking a file may go: that is what log files do.
    if (isGone(error)) return undefined;
    throw error;
  }
};

const fingerprint = (path: string, stats: Stats): string | undefined => {
  if (stats.size < fingerprintBytes) return undefined;
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(fingerprintBytes);
    readSync(file, bytes, 0, fingerprintBytes, 0);
    return `fingerprint::${createHash("sha256").update(bytes).digest("hex")}`;
  } finally {
    closeSync(file);
  }
};

export const isGone = (error: unknown): boolean =>
  typeof error === "object" &&
  error !== null &&
  "code" in error &&
  (error.code === "ENOENT" || error.code === "ENOTDIR");
