// Options of a command line, read strictly; a misspelt one is refused with the one that was probably meant.
import { type ParseArgsOptionDescriptor, parseArgs } from "node:util";

/** A mistake in the command line: said without a stack trace. */
export class UsageError extends Error {}

/** An option as `parseArgs` takes it, with its words for the help. */
export interface Option extends ParseArgsOptionDescriptor {
  /** What is to be given: `NAME`. */
  value?: string;
  help: string;
}

export type OptionTable = Readonly<Record<string, Option>>;

type Parsed<Options extends OptionTable> = ReturnType<
  typeof parseArgs<{ options: Options; strict: true; allowPositionals: true }>
>;
export type Values<Options extends OptionTable> = Parsed<Options>["values"];

/** @throws UsageError */
export const readWords = <Options extends OptionTable>(
  words: readonly string[],
  options: Options,
): { positionals: string[]; values: Values<Options> } => {
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(inWords(cause, Object.keys(options)), { cause });
  }
};

/** What `parseArgs` found wrong, and what was probably meant. */
export const inWords = (error: unknown, known: readonly string[]): string => {
  const [, unknown] = /Unknown option '(-[^']*)'/.exec(String(error)) ?? [];
  // Node's own words tell how to pass a file whose name begins with a hyphen.
  if (unknown === undefined) return error instanceof Error ? error.message : String(error);
  const meant = nearest(unknown.replace(/^-+/, ""), known);
  return `There is no option ${unknown}${meant === undefined ? "." : `: did you mean --${meant}?`}`;
};

/** More wrong letters than this are another word. */
const WRONG_LETTERS = 2;

/** The known word that is meant by a misspelt or cut one, if there is one. */
export const nearest = (word: string, known: readonly string[]): string | undefined =>
  known.find((each) => word.length > 2 && each.startsWith(word)) ??
  known
    .map((each) => ({ each, wrong: distance(word, each) }))
    .filter(({ wrong }) => wrong <= WRONG_LETTERS)
    .sort((a, b) => a.wrong - b.wrong)[0]?.each;

/** Letters to change, add or take away (Levenshtein). */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};
