// Which pushes concern us, which version an image is shown under, and which image is the newest.
import type { PushedImage } from "../aws/images.ts";

export interface TagPolicy {
  repositories: readonly string[];
  rollTags: RegExp;
  versionTags: RegExp;
}

/** @param pattern with `*` for any characters. */
const likePattern = (text: string, pattern: string): boolean => {
  const [first = "", ...parts] = pattern.split("*");
  if (parts.length === 0) return text === pattern;
  const last = parts.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
};

export const isOurs = ({ repositories }: TagPolicy, repository: string): boolean =>
  repositories.some((pattern) => likePattern(repository, pattern));

/** Of `1`, `1.4`, `1.4.2` and `1.4.2-rc1` the third: the most exact release, and of two such the higher. */
export const versionOf = ({ versionTags }: TagPolicy, tags: readonly string[]): string | undefined =>
  tags.filter((tag) => versionTags.test(tag)).sort(byExactness)[0];

const byExactness = (one: string, other: string): number => {
  const [left, right] = [one.split("."), other.split(".")];
  // `1.04` and `1.4` are the same number: the registry names tags in any order, and the answer must not depend on it.
  const higher = other.localeCompare(one, "en", { numeric: true }) || (one < other ? -1 : 1);
  const release = Number(hasSuffix(one)) - Number(hasSuffix(other));
  return right.length - left.length || release || higher;
};

/** More than numbers and dots: a candidate, a build. */
const hasSuffix = (tag: string): boolean => !/^v?[\d.]+$/.test(tag);

/** The image that services of the repository should run: of those with a tag that rolls, the one that was pushed last. */
export const newestImage = (
  { rollTags }: TagPolicy,
  images: readonly PushedImage[],
): PushedImage | undefined => {
  const [first, ...others] = images.filter(({ tags }) => tags.some((tag) => rollTags.test(tag)));
  if (!first) return undefined;
  return others.reduce((newest, image) => (image.pushedAt > newest.pushedAt ? image : newest), first);
};
