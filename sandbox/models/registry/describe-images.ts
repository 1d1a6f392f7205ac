// DescribeImages: what ECR tells of a repository's images, by id or page by page.
import type * as Sdk from "@aws-sdk/client-ecr";
import { AwsError } from "../../ports.ts";
import type { Account } from "../account.ts";
import { page } from "../paging.ts";
import type { StoredImage } from "./images.ts";

const DEFAULT_RESULTS = 100;
const MOST_RESULTS = 1000;
const MOST_IDS = 100;

const invalid = (member: string, constraint: string): AwsError =>
  new AwsError(
    "InvalidParameterException",
    `Invalid parameter at '${member}' failed to satisfy constraint: '${constraint}'`,
  );

/** @throws AwsError where neither, or too much, is asked for */
export const checkIds = (imageIds: readonly Sdk.ImageIdentifier[]): void => {
  if (imageIds.length > MOST_IDS) {
    throw invalid("imageIds", `Member must have length less than or equal to ${MOST_IDS}`);
  }
  for (const { imageDigest, imageTag } of imageIds) {
    if (imageDigest === undefined && imageTag === undefined) {
      throw invalid("imageId", "Member must have an imageDigest or an imageTag");
    }
  }
};

/** Does the image carry what the identifier says? With both, it must be the one and the other. */
export const isOne = (image: StoredImage, { imageDigest, imageTag }: Sdk.ImageIdentifier): boolean =>
  (imageDigest === undefined || image.digest === imageDigest) &&
  (imageTag === undefined || image.tags.has(imageTag));

export const describeImages = (
  images: readonly StoredImage[],
  input: Sdk.DescribeImagesRequest,
  account: Account,
): Sdk.DescribeImagesResponse => {
  const { repositoryName = "", imageIds, filter, maxResults, nextToken } = input;
  const passing = wanted(images, imageIds, repositoryName, account).filter(({ tags }) => {
    if (filter?.tagStatus === "TAGGED") return tags.size > 0;
    return filter?.tagStatus !== "UNTAGGED" || tags.size === 0;
  });
  const describe = (image: StoredImage): Sdk.ImageDetail => ({
    registryId: account.id,
    repositoryName,
    imageDigest: image.digest,
    ...(image.tags.size === 0 ? {} : { imageTags: [...image.tags] }),
    imageSizeInBytes: image.sizeBytes,
    imagePushedAt: new Date(image.pushedAt),
    imageManifestMediaType: image.mediaType,
    ...(image.artifactMediaType === undefined ? {} : { artifactMediaType: image.artifactMediaType }),
  });
  if (imageIds !== undefined) {
    if (maxResults !== undefined) throw invalid("maxResults", "Not to be given together with imageIds");
    if (nextToken !== undefined) throw invalid("nextToken", "Not to be given together with imageIds");
    return { imageDetails: passing.map(describe) };
  }
  const size = maxResults ?? DEFAULT_RESULTS;
  if (size < 1 || size > MOST_RESULTS) {
    throw invalid("maxResults", `Member must have value between 1 and ${MOST_RESULTS}`);
  }
  const { items, nextToken: next } = page(passing, size, nextToken, "InvalidParameterException");
  return { imageDetails: items.map(describe), ...(next === undefined ? {} : { nextToken: next }) };
};

/** Those of the identifiers, each image once; or all of them, in no order that means anything. */
const wanted = (
  images: readonly StoredImage[],
  imageIds: readonly Sdk.ImageIdentifier[] | undefined,
  repository: string,
  account: Account,
): StoredImage[] => {
  if (imageIds === undefined) return [...images].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  checkIds(imageIds);
  const found = imageIds.map((id) => {
    const image = images.find((one) => isOne(one, id));
    if (image !== undefined) return image;
    const shown = `{imageDigest:'${id.imageDigest ?? null}', imageTag:'${id.imageTag ?? null}'}`;
    throw new AwsError(
      "ImageNotFoundException",
      `The image with imageId ${shown} does not exist within the repository with name '${repository}' in the registry with id '${account.id}'`,
    );
  });
  return [...new Set(found)];
};
