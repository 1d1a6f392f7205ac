// What stands between a docker client and the images: the permission that a request needs, as ECR has it for each part of the
// registry's API; whether there is such an image; and a note of each manifest that was accepted.

import type { IncomingHttpHeaders } from "node:http";
import type { ContainerRegistry } from "../models/registry/container-registry.ts";
import { AwsError } from "../ports.ts";

/** One request of the registry's API that has to do with a repository. */
export interface RegistryRequest {
  /** ECR's name for it, for example `BatchGetImage`. */
  action: string;
  repository: string;
  /** Tag or digest, of a request for a manifest. */
  reference?: string;
}

/** In the form that docker clients understand. */
export interface RegistryRefusal {
  status: number;
  code: string;
  message: string;
}

export interface GateOptions {
  images: Pick<ContainerRegistry, "find" | "hasRepository" | "push">;
  accountId: string;
  /** May this principal do it? @throws AwsError in ECR's words where not. */
  authorize: (principal: string, action: string, repository: string) => void;
}

const NAME = "[a-z0-9]+(?:[._/-]+[a-z0-9]+)*";
const paths = {
  manifest: new RegExp(`^/v2/(${NAME})/manifests/([A-Za-z0-9_][A-Za-z0-9_.:-]{0,200})$`),
  upload: new RegExp(`^/v2/(${NAME})/blobs/uploads/`),
  blob: new RegExp(`^/v2/(${NAME})/blobs/sha256:[0-9a-f]{64}$`),
  tags: new RegExp(`^/v2/(${NAME})/tags/list$`),
};

const actions: Readonly<Record<keyof typeof paths, Readonly<Record<string, string>>>> = {
  manifest: { GET: "BatchGetImage", HEAD: "BatchGetImage", PUT: "PutImage" },
  upload: {
    POST: "InitiateLayerUpload",
    GET: "UploadLayerPart",
    PATCH: "UploadLayerPart",
    PUT: "CompleteLayerUpload",
  },
  blob: { GET: "GetDownloadUrlForLayer", HEAD: "BatchCheckLayerAvailability" },
  tags: { GET: "ListImages" },
};

/** undefined: nothing that ECR answers. @param url with or without a query */
export const readRequest = (method: string, url: string): RegistryRequest | undefined => {
  const [path = ""] = url.split("?");
  for (const kind of ["manifest", "upload", "blob", "tags"] as const) {
    const [, repository, reference] = paths[kind].exec(path) ?? [];
    if (repository === undefined) continue;
    const action = actions[kind][method];
    if (action === undefined) return undefined;
    return { action, repository, ...(reference === undefined ? {} : { reference }) };
  }
  return undefined;
};

/** @returns undefined where it may pass. */
export const refusalOf = (
  { action, repository, reference }: RegistryRequest,
  principal: string,
  { images, accountId, authorize }: GateOptions,
): RegistryRefusal | undefined => {
  try {
    authorize(principal, action, repository);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { status: 403, code: "DENIED", message: error.message };
  }
  if (action !== "BatchGetImage" || reference === undefined) return undefined;
  if (!images.hasRepository(repository)) {
    const message = `The repository with name '${repository}' does not exist in the registry with id '${accountId}'`;
    return { status: 404, code: "NAME_UNKNOWN", message };
  }
  if (images.find(repository, reference) !== undefined) return undefined;
  // The real registry may still have it: what was deleted through ECR's API is deleted for everybody.
  return { status: 404, code: "MANIFEST_UNKNOWN", message: "Requested image not found" };
};

/** Records a manifest that the registry has accepted. @param answered headers of its answer, which name the digest */
export const recordPush = (
  { repository, reference = "" }: RegistryRequest,
  manifest: { body: Buffer; type: string | undefined },
  answered: IncomingHttpHeaders,
  images: GateOptions["images"],
): void => {
  const digest = String(answered["docker-content-digest"]);
  const { mediaType, config, layers = [] } = JSON.parse(manifest.body.toString()) as Manifest;
  const type = manifest.type ?? mediaType;
  images.push({
    repository,
    digest,
    ...(reference.includes(":") ? {} : { tag: reference }),
    ...(type === undefined ? {} : { mediaType: type }),
    ...(config === undefined ? {} : { artifactMediaType: config.mediaType }),
    sizeBytes: [...(config === undefined ? [] : [config]), ...layers].reduce(
      (sum, { size }) => sum + size,
      0,
    ),
  });
};

interface Manifest {
  mediaType?: string;
  config?: { mediaType: string; size: number };
  layers?: { size: number }[];
}
