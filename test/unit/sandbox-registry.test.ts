// The proxy before the real registry, over real HTTP: tokens, permissions, what was deleted, and what was pushed. The registry
// behind it is a few lines that accept everything.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../sandbox/clock.ts";
import { ContainerRegistry } from "../../sandbox/models/registry/container-registry.ts";
import { AwsError } from "../../sandbox/ports.ts";
import { readRequest } from "../../sandbox/registry/gate.ts";
import { registryProxy } from "../../sandbox/registry/proxy.ts";
import { RegistryTokens } from "../../sandbox/registry/tokens.ts";
import { FakeBus } from "./model-fakes.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const BLOB = `/v2/hive-web/blobs/sha256:${"b".repeat(64)}`;
const MANIFEST = {
  schemaVersion: 2,
  mediaType: "application/vnd.docker.distribution.manifest.v2+json",
  config: { mediaType: "application/vnd.docker.container.image.v1+json", size: 100 },
  layers: [{ size: 1000 }, { size: 10_000 }],
};

const directory = mkdtempSync(join(tmpdir(), "hive-registry-"));
const socketPath = join(directory, "registry.sock");
const servers: Server[] = [];
const behind: string[] = [];
const faults: unknown[] = [];
const bus = new FakeBus();
const clock = new VirtualClock();
const model = new ContainerRegistry({ clock, publish: bus.publish });
const tokens = new RegistryTokens({ now: () => clock.now() });
let url: string;
/** What the registry answers to a manifest. */
let accepts = 201;

const listen = async (server: Server, place: string | { port: number; host: string }) => {
  servers.push(server);
  await new Promise<void>((done) => server.listen(place, done));
};

beforeAll(async () => {
  const registry = createServer((request, response) => {
    behind.push(
      `${request.method} ${request.url} ${request.headers.authorization ?? "without authorization"}`,
    );
    request.resume().once("end", () => {
      response.writeHead(request.method === "PUT" ? accepts : 200, { "docker-content-digest": DIGEST });
      response.end();
    });
  });
  await listen(registry, socketPath);
  const authorize = (principal: string, action: string, repository: string) => {
    if (principal === "instance:i-gone") throw new Error("i-gone is in no group");
    if (principal === "operator" || action === "BatchGetImage") return;
    throw new AwsError("AccessDeniedException", `User: ${principal} may not ${action} on ${repository}`);
  };
  const proxy = createServer(
    registryProxy({
      socketPath,
      tokens,
      url: "http://10.78.0.1:5000",
      gate: { images: model, accountId: "123456789012", authorize },
      onError: (error) => faults.push(error),
    }),
  );
  await listen(proxy, { port: 0, host: "127.0.0.1" });
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const server of servers) await new Promise((done) => server.close(done));
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  behind.length = 0;
  bus.events.length = 0;
  accepts = 201;
});

const ask = async (
  path: string,
  { as, method = "GET", body }: { as?: string; method?: string; body?: string } = {},
) => {
  const authorization = as === undefined ? undefined : `Basic ${tokens.issue(as).authorizationToken}`;
  const headers = { ...(authorization && { authorization }), "content-type": MANIFEST.mediaType };
  const response = await fetch(url + path, { method, headers, ...(body && { body }) });
  const text = await response.text();
  return { status: response.status, ...(text && (JSON.parse(text) as { errors?: unknown[] })) };
};
const push = (reference: string) =>
  ask(`/v2/hive-web/manifests/${reference}`, {
    as: "operator",
    method: "PUT",
    body: JSON.stringify(MANIFEST),
  });

describe("a manifest that the registry accepts", () => {
  it("is an image of ECR, with what the manifest says of it, before the client hears of it", async () => {
    expect(await push("1.4.2")).toMatchObject({ status: 201 });
    expect(model.find("hive-web", "1.4.2")).toEqual({
      digest: DIGEST,
      tags: new Set(["1.4.2"]),
      pushedAt: clock.now(),
      sizeBytes: 11_100,
      mediaType: MANIFEST.mediaType,
      artifactMediaType: MANIFEST.config.mediaType,
    });
    await push("latest");
    await push(DIGEST);
    expect(bus.of("ECR Image Action").map((detail) => detail["image-tag"])).toEqual(["1.4.2", "latest", ""]);
    expect([...(model.find("hive-web", DIGEST)?.tags ?? [])]).toEqual(["1.4.2", "latest"]);
  });

  it("and nothing else is", async () => {
    accepts = 400;
    await push("9.9.9");
    await ask("/v2/hive-web/manifests/9.9.8", { as: "instance:i-0a", method: "PUT", body: "{}" });
    expect(bus.events).toEqual([]);
    expect(behind).toEqual(["PUT /v2/hive-web/manifests/9.9.9 without authorization"]);
  });
});

describe("a request", () => {
  it("without a token that is good is refused as ECR does it", async () => {
    expect(await ask("/v2/")).toEqual({
      status: 401,
      errors: [{ code: "UNAUTHORIZED", message: "no basic auth credentials" }],
    });
    const old = tokens.issue("operator").authorizationToken;
    await clock.advance(12 * 3_600_000);
    const response = await fetch(`${url}/v2/`, { headers: { authorization: `Basic ${old}` } });
    expect([response.status, await response.json()]).toEqual([
      403,
      {
        errors: [
          {
            code: "DENIED",
            message: "Your authorization token has expired. Reauthenticate and try again.",
          },
        ],
      },
    ]);
    expect(behind).toEqual([]);
  });

  it("is judged by what the token's own principal may do", async () => {
    await push("1.4.2");
    expect(await ask("/v2/", { as: "instance:i-0a" })).toEqual({ status: 200 });
    expect(await ask("/v2/hive-web/manifests/1.4.2", { as: "instance:i-0a" })).toEqual({ status: 200 });
    expect(await ask(BLOB, { as: "instance:i-0a" })).toEqual({
      status: 403,
      errors: [{ code: "DENIED", message: "User: instance:i-0a may not GetDownloadUrlForLayer on hive-web" }],
    });
    expect(await ask(BLOB, { as: "operator" })).toEqual({ status: 200 });
  });

  it("for an image that ECR does not have is told so, though the registry may have it still", async () => {
    await push("1.4.2");
    await model.operations.BatchDeleteImage(
      { repositoryName: "hive-web", imageIds: [{ imageDigest: DIGEST }] },
      { accessKeyId: "", principal: "operator" },
    );
    expect(await ask(`/v2/hive-web/manifests/${DIGEST}`, { as: "operator" })).toEqual({
      status: 404,
      errors: [{ code: "MANIFEST_UNKNOWN", message: "Requested image not found" }],
    });
    expect(await ask("/v2/other-app/manifests/latest", { as: "operator" })).toMatchObject({
      status: 404,
      errors: [
        {
          code: "NAME_UNKNOWN",
          message:
            "The repository with name 'other-app' does not exist in the registry with id '123456789012'",
        },
      ],
    });
  });

  it("that ECR does not know, or whose holder nobody knows, goes no further", async () => {
    behind.length = 0;
    expect(await ask("/v2/_catalog", { as: "operator" })).toMatchObject({ status: 405 });
    expect(await ask("/v2/hive-web/manifests/1.4.2", { as: "operator", method: "DELETE" })).toMatchObject({
      status: 405,
    });
    expect(await ask("/v2/hive-web/manifests/1.4.2", { as: "instance:i-gone" })).toMatchObject({
      status: 500,
    });
    expect(faults).toEqual([new Error("i-gone is in no group")]);
    expect(behind).toEqual([]);
  });
});

it.each([
  ["GET", "/v2/team/hive-web/manifests/1.0", "BatchGetImage", "team/hive-web"],
  ["HEAD", `/v2/hive-web/manifests/${DIGEST}`, "BatchGetImage", "hive-web"],
  ["HEAD", BLOB, "BatchCheckLayerAvailability", "hive-web"],
  ["POST", "/v2/hive-web/blobs/uploads/?mount=x&from=y", "InitiateLayerUpload", "hive-web"],
  ["PATCH", "/v2/hive-web/blobs/uploads/0a-1b?_state=x", "UploadLayerPart", "hive-web"],
  ["PUT", "/v2/hive-web/blobs/uploads/0a-1b?digest=x", "CompleteLayerUpload", "hive-web"],
  ["GET", "/v2/hive-web/tags/list?n=10", "ListImages", "hive-web"],
])("%s %s needs ecr:%s on %s", (method, path, action, repository) => {
  expect(readRequest(method, path)).toMatchObject({ action, repository });
});

it.each([
  "/v2/../hive-web/manifests/1",
  "/v2/hive-web/manifests/",
  "/v2/Hive/manifests/1",
  "/v2/hive-web/manifests/a/b",
])("%s is no request that ECR answers", (path) => {
  expect(readRequest("GET", path)).toBeUndefined();
});
