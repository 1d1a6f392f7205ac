// To which image a service goes back: a decision of its history alone.
import type { Digest } from "../../shared/identifiers.ts";
import type { HistoryEntry } from "../../shared/rolls/history.ts";
import { parseImage, sameImage, shortImage } from "../../shared/rolls/image.ts";
import { repositoryName } from "./image-names.ts";

/** Well said, and cannot be done: nothing was. */
export class Impossible extends Error {}

export interface Destination {
  /** As ECR has it, without the registry. */
  repository: string;
  digest: Digest;
  /** For people. */
  version: string;
  /** Of the history, from 1 on. */
  row: number;
}

interface Found {
  image: string;
  row: number;
}

/**
 * @param entries the newest first
 * @param to a row's number, a version, or a digest or the beginning of one; undefined: what ran before that which runs now
 * @throws Impossible
 */
export const destination = (entries: readonly HistoryEntry[], to: string | undefined): Destination => {
  const { image, row } =
    to === undefined ? before(entries) : /^\d{1,3}$/.test(to) ? inRow(entries, to) : named(entries, to);
  const { repository, digest } = parseImage(image);
  if (digest === undefined)
    throw new Impossible(
      `Row ${row} names ${JSON.stringify(image)}, which has no digest: it was not rolled by us. Roll a version instead.`,
    );
  return {
    repository: repositoryName(repository),
    digest,
    version: shortImage(image),
    row,
  };
};

/** What a roll left running with nothing wrong about it, and what ran before it. */
const thatRan = ({ outcome, runs, from }: HistoryEntry): string[] =>
  (["converged", "rolled back"].includes(outcome) ? [runs, from] : [from]).filter(Boolean);

const before = (entries: readonly HistoryEntry[]): Found => {
  const now = entries[0]?.runs ?? "";
  for (const [index, entry] of entries.entries()) {
    const image = thatRan(entry).find((each) => !sameImage(each, now));
    if (image !== undefined) return { image, row: index + 1 };
  }
  throw new Impossible(
    `The history knows no image other than ${shortImage(now)}, which runs now: there is nothing to go back to.`,
  );
};

/** A row is what ran at its end. */
const inRow = (entries: readonly HistoryEntry[], to: string): Found => {
  const row = Number(to);
  const entry = entries[row - 1];
  if (entry) return { image: entry.runs || entry.image, row };
  throw new Impossible(
    `The history has rows 1 to ${entries.length}, and no row ${to}. (A version that is a number is given by its digest.)`,
  );
};

/** What ran comes before what only was to run; of two images of one version the newer one. */
const named = (entries: readonly HistoryEntry[], to: string): Found => {
  const rows = entries.map((entry, index) => ({ entry, row: index + 1 }));
  const images: Found[] = [
    ...rows.flatMap(({ entry, row }) => thatRan(entry).map((image) => ({ image, row }))),
    ...rows.flatMap(({ entry, row }) =>
      [entry.image, entry.runs].filter(Boolean).map((image) => ({ image, row })),
    ),
  ];
  const byVersion = images.find(({ image }) => parseImage(image).tag === to);
  if (byVersion) return byVersion;
  const hex = to.replace(/^sha256:/, "");
  const byDigest = /^[0-9a-f]{6,64}$/.test(hex)
    ? images.filter(({ image }) => parseImage(image).digest?.startsWith(`sha256:${hex}`))
    : [];
  const digests = new Set(byDigest.map(({ image }) => parseImage(image).digest));
  if (digests.size > 1)
    throw new Impossible(
      `${to} begins several digests of the history: ${[...digests].join(", ")}. Give more of it.`,
    );
  if (byDigest[0]) return byDigest[0];
  const known = [...new Set(images.map(({ image }) => shortImage(image)))].join(", ");
  throw new Impossible(
    `The history names no image ${to}: it knows ${known}. Any other image: roll REPOSITORY:VERSION.`,
  );
};
