// What a roll asks of ECR: which images a repository has, with their tags and the time of their push.
import { DescribeImagesCommand, type ECRClient } from "@aws-sdk/client-ecr";
import { type Digest, isDigest } from "../identifiers.ts";

/** An image as the registry knows it. */
export interface PushedImage {
  digest: Digest;
  tags: readonly string[];
  /** When the digest was pushed first; moving a tag does not change it (docs/facts.md, "ECR"). */
  pushedAt: Date;
}

/** A thousand images each; a repository with more than this has no lifecycle rule, and its oldest images are of no use here. */
const MOST_PAGES = 20;

/** `123456789012.dkr.ecr.us-east-1.amazonaws.com` → the account, which need not be the swarm's. */
const accountOf = (registry: string): { registryId?: string } => {
  const [account] = /^\d{12}(?=\.)/.exec(registry) ?? [];
  return account === undefined ? {} : { registryId: account };
};

/**
 * Every image of a repository, in no order. ECR can neither sort nor find the newest.
 * @throws RepositoryNotFoundException when there is no such repository, or it is another account's.
 */
export const describeImages = async (
  client: ECRClient,
  registry: string,
  repositoryName: string,
): Promise<PushedImage[]> => {
  const images: PushedImage[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await client.send(
      new DescribeImagesCommand({ ...accountOf(registry), repositoryName, maxResults: 1000, nextToken }),
    );
    for (const { imageDigest = "", imageTags = [], imagePushedAt } of answer.imageDetails ?? [])
      if (isDigest(imageDigest) && imagePushedAt)
        images.push({ digest: imageDigest, tags: imageTags, pushedAt: imagePushedAt });
    nextToken = answer.nextToken;
    if (nextToken === undefined) return images;
  }
  return images;
};
