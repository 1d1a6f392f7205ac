// The one layer of the demo image: busybox, and the files of demo-image/, as a compressed tar that is the same byte for byte.

import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const sources = fileURLToPath(new URL("./demo-image/", import.meta.url));
const busybox = "/bin/busybox";
const commands = [
  "sh",
  "httpd",
  "date",
  "mkdir",
  "sleep",
  "pidof",
  "wget",
  "kill",
  "cat",
  "ls",
  "hostname",
  "rm",
];

let built: Promise<Buffer> | undefined;

/** Built once: it is the same for every version and variant. */
export const demoLayer = (): Promise<Buffer> => {
  built ??= buildLayer();
  return built;
};

async function buildLayer(): Promise<Buffer> {
  const root = await mkdtemp(join(tmpdir(), "hive-image-"));
  try {
    for (const name of ["bin", "logs", "tmp", "www/cgi-bin"])
      await mkdir(join(root, name), { recursive: true });
    await copyFile(busybox, join(root, "bin/busybox"));
    for (const name of commands) await symlink("busybox", join(root, "bin", name));
    await copyFile(join(sources, "service.sh"), join(root, "service.sh"));
    await copyFile(join(sources, "work.sh"), join(root, "www/cgi-bin/work"));
    await copyFile(join(sources, "health"), join(root, "www/health"));
    for (const name of ["bin/busybox", "service.sh", "www/cgi-bin/work"])
      await chmod(join(root, name), 0o755);
    const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=go-w"];
    const tar = ["--create", ...same, "--format=gnu", "--directory", root, "."];
    await execute("tar", [...tar, "--file", `${root}.tar`]);
    await execute("gzip", ["--no-name", "--fast", "--force", `${root}.tar`]);
    return await readFile(`${root}.tar.gz`);
  } catch (cause) {
    throw new Error(`Could not build the demo image: it needs ${busybox} (busybox-static), tar and gzip`, {
      cause,
    });
  } finally {
    for (const path of [root, `${root}.tar`, `${root}.tar.gz`])
      await rm(path, { recursive: true, force: true });
  }
}
