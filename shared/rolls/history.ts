// The history of a service's rolls: one entry is one version of a parameter, so that Parameter Store itself orders and bounds it,
// and two rolls that write at the same time lose nothing.
import * as z from "zod/mini";
import type { RollOutcome } from "./outcome.ts";

const entrySchema = z.object({
  roll: z.string(),
  outcome: z.string(),
  image: z.string(),
  from: z.string(),
  runs: z.string(),
  because: z.string(),
  cause: z.optional(z.string()),
  trigger: z.string(),
  why: z.string(),
  startedAt: z.string(),
  seconds: z.number(),
});

export type HistoryEntry = z.infer<typeof entrySchema>;

/**
 * A standard parameter holds 4,096 characters, and the names of three images take half of it at their longest. What JSON escapes and
 * what is no ASCII counts as what it becomes.
 */
const MOST_CHARACTERS = 400;
const MOST_BYTES = 600;

export const historyEntry = (outcome: RollOutcome): string => {
  const { service: _service, repository: _repository, version: _version, cause, ...rest } = outcome;
  return JSON.stringify({
    ...rest,
    because: short(rest.because),
    why: short(rest.why),
    ...(cause ? { cause: short(`${cause.code}: ${cause.text}`) } : {}),
  });
};

/** One line. Double braces would be a reference to another parameter, which Parameter Store refuses. */
const short = (text: string): string => {
  let line = text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replace(/\{(?=\{)|\}(?=\})/g, "$& ")
    .slice(0, MOST_CHARACTERS);
  while (Buffer.byteLength(JSON.stringify(line)) > MOST_BYTES) line = line.slice(0, -1);
  return line;
};

/** The newest first; a step that was repeated after a crash has written its entry twice. What is no entry is left out. */
export const readHistory = (versions: readonly string[]): HistoryEntry[] => {
  const seen = new Set<string>();
  return versions.flatMap((text) => {
    const entry = parseEntry(text);
    if (!entry || seen.has(entry.roll)) return [];
    seen.add(entry.roll);
    return [entry];
  });
};

const parseEntry = (text: string): HistoryEntry | undefined => {
  try {
    return entrySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};
