// The demo service's image, made here of busybox and three small files, and pushed to the sandbox's registry.
// It is put together byte for byte the same each time, so its digest does not change from run to run, and it
// needs no daemon: it can be in the registry before the first instance is powered on.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";

const execute = promisify(execFile);
const sources = fileURLToPath(new URL("./demo-image/", import.meta.url));
const busybox = "/bin/busybox";
const commands = ["sh", "httpd", "date", "mkdir", "sleep", "pidof", "wget", "kill", "cat", "ls", "hostname"];

export interface DemoImage {
  /** The layer, a compressed tar. */
  layer: Buffer;
  configuration: Buffer;
  manifest: Buffer;
  /** `sha256:…` of the manifest. */
  digest: string;
}

export interface PushOptions {
  /** Of the registry, for example `http://10.78.0.1:5000`. */
  url: string;
  /** A valid token's password. */
  password: string;
  /** Default `hive-web`. */
  repository?: string;
  /** Default `1.0.0`. */
  tag?: string;
}

/** @param version goes into the image's environment as `VERSION`: another version is another digest. */
export async function buildDemoImage(version = "1.0.0"): Promise<DemoImage> {
  const layer = await buildLayer();
  const configuration = json({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: {
      Cmd: ["/service.sh"],
      Env: ["PATH=/bin", `VERSION=${version}`],
      ExposedPorts: { "8080/tcp": {} },
      Labels: { "org.opencontainers.image.title": "hive-web, the sandbox's demo service" },
      // Without a health check a task counts as running at once (fact D4). Nanoseconds.
      Healthcheck: {
        Test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/health"],
        Interval: 2_000_000_000,
        Timeout: 2_000_000_000,
        Retries: 3,
      },
    },
    rootfs: { type: "layers", diff_ids: [digestOf(gunzipSync(layer))] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "hive-swarm's sandbox" }],
    created: "1970-01-01T00:00:00Z",
  });
  const docker = "application/vnd.docker";
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: `${docker}.container.image.v1+json`, ...described(configuration) },
    layers: [{ mediaType: `${docker}.image.rootfs.diff.tar.gzip`, ...described(layer) }],
  });
  return { layer, configuration, manifest, digest: digestOf(manifest) };
}

/** Pushes an image and its tag; returns `<registry>/<repository>@sha256:…`, which the daemons can pull. */
export async function pushImage(image: DemoImage, options: PushOptions): Promise<string> {
  const { url, repository = "hive-web", tag = "1.0.0" } = options;
  const authorization = `Basic ${Buffer.from(`AWS:${options.password}`).toString("base64")}`;
  const ask = async (
    method: string,
    address: URL | string,
    body?: Buffer,
    type = "application/octet-stream",
  ) => {
    const headers = { authorization, ...(body && { "content-type": type }) };
    const response = await fetch(address, { method, headers, ...(body && { body: new Uint8Array(body) }) });
    if (response.ok) return response;
    throw new Error(
      `Pushing to ${repository}: ${method} ${address} → ${response.status} ${await response.text()}`,
    );
  };
  for (const blob of [image.layer, image.configuration]) {
    const start = await ask("POST", `${url}/v2/${repository}/blobs/uploads/`);
    const upload = new URL(start.headers.get("location") ?? "", url);
    upload.searchParams.set("digest", digestOf(blob));
    await ask("PUT", upload, blob);
  }
  await ask("PUT", `${url}/v2/${repository}/manifests/${tag}`, image.manifest, manifestType);
  return `${new URL(url).host}/${repository}@${image.digest}`;
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

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

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
const described = (content: Buffer) => ({ size: content.length, digest: digestOf(content) });
