// Names of images: `registry/repository:version@sha256:…`. The digest decides what runs; the tag is there to be read.
import { type Digest, isDigest } from "../identifiers.ts";

export interface ImageName {
  /** `registry/repository`. */
  repository: string;
  tag: string | undefined;
  digest: Digest | undefined;
}

/** Never fails: what is no digest is left out. A colon in the registry's part is a port. */
export const parseImage = (name: string): ImageName => {
  const [named = "", digest = ""] = name.split("@", 2);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return {
    repository: colon === -1 ? named : named.slice(0, colon),
    tag: colon === -1 ? undefined : named.slice(colon + 1),
    digest: isDigest(digest) ? digest : undefined,
  };
};

/** Without a version the name has no tag at all: one such as `latest` would be untrue as soon as it moves on. */
export const imageName = (repository: string, version: string | undefined, digest: Digest): string =>
  `${repository}${version === undefined ? "" : `:${version}`}@${digest}`;

/** The same image, whatever it is called. Without digests only equal names are the same. */
export const sameImage = (one: string, other: string): boolean => {
  const [left, right] = [parseImage(one), parseImage(other)];
  return left.digest === undefined || right.digest === undefined
    ? one === other
    : left.digest === right.digest;
};

/** For people: the version, or the beginning of the digest. */
export const shortImage = (name: string): string => {
  const { tag, digest } = parseImage(name);
  return tag ?? digest?.slice(7, 19) ?? name;
};
