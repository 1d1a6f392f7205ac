// The demo service's image, made here of busybox and three small files, in any version and in variants that fail, and pushed
// to the sandbox's registry. It is put together byte for byte the same each time, so its digest does not change from run to
// run, and it needs no daemon: it can be in the registry before the first instance is powered on.

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { demoLayer } from "./demo-layer.ts";

const SECOND = 1_000_000_000;

/**
 * `exits`: with code 3, after two lines. `never-healthy`: runs, and its health check fails. `slow-start`: takes a while until
 * it answers, and its health check knows of it.
 */
export const VARIANTS = ["good", "exits", "never-healthy", "slow-start"] as const;
export type Variant = (typeof VARIANTS)[number];

export interface DemoImageOptions {
  /** In the image's environment as `VERSION`, and so another version is another digest. Default `1.0.0`. */
  version?: string;
  /** In the environment too, so that no two repositories hold the same image: docker would share it between them. Default: none. */
  name?: string;
  /** Default `good`. */
  variant?: Variant;
  /**
   * For how long a container goes on serving once its health path fails, when it is stopped. The default is enough for the
   * sandbox's load balancer, which needs two failed checks half a second apart.
   */
  lameDuckSeconds?: number;
  /** Of `slow-start`; default 8. */
  startSeconds?: number;
  /** With which it ends when it is stopped. Default 0; Java's is 143, and only then does swarm say that it was unhealthy. */
  stopCode?: number;
}

export const defaultLameDuckSeconds = 2;

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
  /** Pushed one after the other, as a docker client does; none: by digest alone. Default `1.0.0`. */
  tags?: readonly string[];
}

export async function buildDemoImage(options: DemoImageOptions = {}): Promise<DemoImage> {
  const { version = "1.0.0", variant = "good", startSeconds = 8, stopCode = 0 } = options;
  const { lameDuckSeconds = defaultLameDuckSeconds, name } = options;
  const layer = await demoLayer();
  const environment = {
    PATH: "/bin",
    VERSION: version,
    VARIANT: variant,
    LAME_DUCK: lameDuckSeconds,
    START_SECONDS: startSeconds,
    STOP_CODE: stopCode,
    ...(name !== undefined && { NAME: name }),
  };
  const configuration = json({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: {
      Cmd: ["/service.sh"],
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ExposedPorts: { "8080/tcp": {} },
      Labels: { "org.opencontainers.image.title": "hive-web, the sandbox's demo service" },
      // Without a health check a task counts as running at once (fact D4). Nanoseconds.
      Healthcheck: {
        Test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/health"],
        Interval: 2 * SECOND,
        Timeout: 2 * SECOND,
        Retries: 3,
        // Failures count only afterwards; the first success ends it.
        ...(variant === "slow-start" && { StartPeriod: 2 * startSeconds * SECOND }),
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

/** Pushes an image and its tags; returns `<registry>/<repository>@sha256:…`, which the daemons can pull. */
export async function pushImage(image: DemoImage, options: PushOptions): Promise<string> {
  const { url, repository = "hive-web", tags = ["1.0.0"] } = options;
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
    const there = `${url}/v2/${repository}/blobs/${digestOf(blob)}`;
    if ((await fetch(there, { method: "HEAD", headers: { authorization } })).ok) continue;
    const start = await ask("POST", `${url}/v2/${repository}/blobs/uploads/`);
    const upload = new URL(start.headers.get("location") ?? "", url);
    upload.searchParams.set("digest", digestOf(blob));
    await ask("PUT", upload, blob);
  }
  for (const reference of tags.length > 0 ? tags : [image.digest]) {
    await ask("PUT", `${url}/v2/${repository}/manifests/${reference}`, image.manifest, manifestType);
  }
  return `${new URL(url).host}/${repository}@${image.digest}`;
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
const described = (content: Buffer) => ({ size: content.length, digest: digestOf(content) });
