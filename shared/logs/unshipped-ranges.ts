// The bytes that would go with the machine: what a rescue must copy elsewhere.

import type { JudgedFile, Judgement, UnshippedRange } from "./verdicts.ts";

/**
 * Every range [offset, size) without acknowledgement, fragments too. Of a truncated file all of it, since its
 * offset means nothing. A lost file has no bytes left to copy and is not among them.
 */
export const unshippedRanges = (judgement: Judgement): UnshippedRange[] =>
  judgement.files.flatMap((file) => {
    const offset = unshippedFrom(file);
    if (offset === undefined) return [];
    const { path, encodedPath, device, inode, deleted, sizeBytes: size } = file;
    return [{ path, encodedPath, device, inode, deleted, offset, size }];
  });

const unshippedFrom = ({ verdict, offsetBytes }: JudgedFile): number | undefined => {
  switch (verdict.kind) {
    case "shipped":
    case "lost":
      return undefined;
    case "truncated":
      return 0;
    case "fragment":
    case "pending":
    case "not-matched":
    case "too-small":
    case "blocked":
      return offsetBytes;
  }
};
