// The one real filebeat that a package registry has: Elastic's 8.1.3 for Linux on x86-64, inside of a Python package on PyPI that somebody
// else made. For tests only, and only as the bytes that were looked at: archive and program are known by their checksums, and nothing of the
// package itself is ever run.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface FilebeatPackage {
  version: string;
  url: string;
  /** Of the archive. */
  sha256: string;
  /** Where in the archive filebeat's own files are. */
  directory: string;
  /** Of the program. */
  sha512: string;
}

export const pypiFilebeat: FilebeatPackage = {
  version: "8.1.3",
  url: "https://files.pythonhosted.org/packages/c5/fb/1bd2456615c94a39e6234fc0b0dbdd429bd92117539a8d3fe19176292a0b/filebeat-0.0.2.tar.gz",
  sha256: "d399194dee2760ec098888bd0825c31ef312f07da1cce7b46f16e96a6d9a5197",
  directory: "filebeat-0.0.2/filebeat/filebeat-8.1.3-linux-x86_64",
  sha512:
    "b0bb4a51133bced23e29f2877644443e4e397a0a3096f7adbbebc6256cacdc0c0c3b34a5cf8debe72ce4a5f2f5e32cfe0a2905075dac95a3b0c93a49ffa1cd1e",
};

/** The program and its licences; dashboards and modules are not used (filebeat's log says once that it has no module directory). */
const members = ["filebeat", "LICENSE.txt", "NOTICE.txt"];

/**
 * Fetches filebeat, unless it is there already, with curl: a proxy that this machine needs is honoured.
 * @param cache where filebeats are kept, each in a directory with its version
 * @param log receives one line for each thing done; nothing when nothing was to be done
 * @returns the directory with the program in it
 * @throws when it cannot be fetched, or is not what it was when it was looked at
 */
export async function fetchFilebeat(
  wanted: FilebeatPackage,
  cache: string,
  log: (line: string) => void,
): Promise<string> {
  const directory = join(cache, wanted.version);
  if (existsSync(directory)) {
    await expectSum("sha512", join(directory, "filebeat"), wanted.sha512);
    return directory;
  }
  mkdirSync(cache, { recursive: true });
  // Made under another name: what is there under its own is whole.
  const work = join(cache, `${wanted.version}.${process.pid}`);
  const archive = join(work, "archive.tar.gz");
  try {
    mkdirSync(join(work, "root"), { recursive: true });
    log(`Fetching ${wanted.url}`);
    await execute("curl", [
      "--silent",
      "--show-error",
      "--fail",
      "--location",
      "--output",
      archive,
      wanted.url,
    ]);
    await expectSum("sha256", archive, wanted.sha256);
    const depth = `--strip-components=${wanted.directory.split("/").length}`;
    const names = members.map((name) => `${wanted.directory}/${name}`);
    const owner = "--no-same-owner";
    await execute("tar", [
      "--extract",
      "--file",
      archive,
      "--directory",
      join(work, "root"),
      owner,
      depth,
      ...names,
    ]);
    await expectSum("sha512", join(work, "root/filebeat"), wanted.sha512);
    if (!existsSync(directory)) renameSync(join(work, "root"), directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return directory;
}

async function expectSum(algorithm: string, file: string, wanted: string): Promise<void> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  const found = hash.digest("hex");
  if (found !== wanted)
    throw new Error(
      `${file} is not what was looked at: its ${algorithm} is ${found}, not ${wanted}. Remove it to fetch it again`,
    );
}
