// ECR of one region: the images of its repositories, what it tells of them, and the events of what becomes of them. The bytes
// are in the real registry (sandbox/registry), which tells this model what it accepted; flow tests push here directly.
import { randomBytes } from "node:crypto";
import type * as Sdk from "@aws-sdk/client-ecr";
import type { Clock } from "../../clock.ts";
import { AwsError, type Caller, type Publish, type ServiceModel } from "../../ports.ts";
import { type Account, sandboxRegistry } from "../account.ts";
import { checkIds, describeImages, isOne } from "./describe-images.ts";
import { Images, type RemovedImage, type StoredImage } from "./images.ts";

export interface IssuedToken {
  password: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface ContainerRegistryOptions {
  clock: Clock;
  /** Of the bus in the registry's region. */
  publish: Publish;
  /** With the registry's region. */
  account?: Account;
  /** Makes a password that the registry accepts until then. Default: one that opens nothing, for 12 hours as real ones. */
  issue?: (caller: Caller) => IssuedToken | Promise<IssuedToken>;
  /** With scheme, for example `https://10.78.0.1:5000`. Default: ECR's own. */
  proxyEndpoint?: string;
}

export interface Push {
  repository: string;
  digest: string;
  /** Absent: pushed by its digest alone. */
  tag?: string;
  /** Milliseconds since the epoch; of a digest that was there before, the first time stays. Default: now. */
  pushedAt?: number;
  sizeBytes?: number;
  mediaType?: string;
  artifactMediaType?: string;
}

const TOKEN_MILLISECONDS = 12 * 3_600_000;
const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

export class ContainerRegistry implements ServiceModel {
  readonly signingName = "ecr";
  /** False: what is pushed and deleted is told to nobody, as before there was a rule. */
  announces = true;
  readonly #options: ContainerRegistryOptions;
  readonly #account: Account;
  readonly #images = new Images();

  constructor(options: ContainerRegistryOptions) {
    this.#options = options;
    this.#account = options.account ?? sandboxRegistry;
  }

  readonly operations = {
    GetAuthorizationToken: (_input: Sdk.GetAuthorizationTokenRequest, caller: Caller) =>
      this.#authorize(caller),
    DescribeImages: (input: Sdk.DescribeImagesRequest, caller: Caller) =>
      describeImages([...this.#repository(input, caller).values()], input, this.#account),
    BatchDeleteImage: (input: Sdk.BatchDeleteImageRequest, caller: Caller) => this.#delete(input, caller),
  };

  /**
   * The registry has accepted a manifest, under a tag or by its digest: it is recorded, and told to EventBridge. One event a
   * push, and so one for each tag of an image (facts, "ECR").
   */
  push({ repository, ...push }: Push): StoredImage {
    const { pushedAt = this.#options.clock.now(), sizeBytes = 0, mediaType = MANIFEST } = push;
    const image = this.#images.push(repository, { ...push, pushedAt, sizeBytes, mediaType });
    this.#tell("PUSH", repository, image, push.tag);
    return image;
  }

  /** @param reference a digest or a tag. @returns undefined where there is no such image (any more) */
  find(repository: string, reference: string): StoredImage | undefined {
    return this.#images.find(repository, reference);
  }

  /** Whether something was ever pushed there. */
  hasRepository(repository: string): boolean {
    return this.#images.of(repository) !== undefined;
  }

  async #authorize(caller: Caller): Promise<Sdk.GetAuthorizationTokenResponse> {
    const { issue = this.#anyPassword, proxyEndpoint } = this.#options;
    const { id, region } = this.#account;
    const { password, expiresAt } = await issue(caller);
    return {
      authorizationData: [
        {
          authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"),
          expiresAt: new Date(expiresAt),
          proxyEndpoint: proxyEndpoint ?? `https://${id}.dkr.ecr.${region}.amazonaws.com`,
        },
      ],
    };
  }

  readonly #anyPassword = (): IssuedToken => ({
    password: randomBytes(24).toString("base64url"),
    expiresAt: this.#options.clock.now() + TOKEN_MILLISECONDS,
  });

  #delete(input: Sdk.BatchDeleteImageRequest, caller: Caller): Sdk.BatchDeleteImageResponse {
    const repository = input.repositoryName ?? "";
    const images = this.#repository(input, caller);
    const wanted = input.imageIds ?? [];
    checkIds(wanted);
    const failures: Sdk.ImageFailure[] = [];
    const removed = wanted.flatMap((imageId): RemovedImage[] => {
      const image = [...images.values()].find((one) => isOne(one, imageId));
      if (image !== undefined) return this.#images.remove(repository, imageId.imageTag ?? image.digest);
      const failureReason = "Requested image not found";
      failures.push({ imageId, failureCode: "ImageNotFound", failureReason });
      return [];
    });
    for (const { image, tag } of removed) this.#tell("DELETE", repository, image, tag);
    const imageIds = removed.map(({ image, tag }) => ({
      imageDigest: image.digest,
      ...(tag === undefined ? {} : { imageTag: tag }),
    }));
    return { imageIds, failures };
  }

  /** A repository is of one region and one account. @throws AwsError */
  #repository(
    { repositoryName = "", registryId = this.#account.id }: Sdk.DescribeImagesRequest,
    { region = this.#account.region }: Caller,
  ): ReadonlyMap<string, StoredImage> {
    const here = region === this.#account.region && registryId === this.#account.id;
    const images = here ? this.#images.of(repositoryName) : undefined;
    if (images !== undefined) return images;
    throw new AwsError(
      "RepositoryNotFoundException",
      `The repository with name '${repositoryName}' does not exist in the registry with id '${registryId}'`,
    );
  }

  #tell(action: "PUSH" | "DELETE", repository: string, image: StoredImage, tag = ""): void {
    if (!this.announces) return;
    const { digest, mediaType, artifactMediaType } = image;
    this.#options.publish({
      source: "aws.ecr",
      "detail-type": "ECR Image Action",
      resources: [],
      detail: {
        result: "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "action-type": action,
        // Empty, not absent, where there is none: so recorded events have it.
        "image-tag": tag,
        "manifest-media-type": mediaType,
        ...(artifactMediaType === undefined ? {} : { "artifact-media-type": artifactMediaType }),
      },
    });
  }
}
