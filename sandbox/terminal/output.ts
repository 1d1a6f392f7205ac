// How the sandbox speaks to a person: elapsed time in front of each line, colours on a terminal, plain lines
// elsewhere.
import pc from "picocolors";

export type Tone = "plain" | "good" | "bad" | "faint" | "strong";

export interface Output {
  /** A heading. */
  title(text: string): void;
  line(text: string, tone?: Tone): void;
  /** A block that is already laid out, such as a table. */
  block(text: string): void;
}

const paint: Record<Tone, (text: string) => string> = {
  plain: (text) => text,
  good: pc.green,
  bad: pc.red,
  faint: pc.dim,
  strong: pc.bold,
};

/** `12.3` seconds since `started` (milliseconds), right-aligned for a column. */
const elapsed = (started: number, now: number): string =>
  `${((now - started) / 1000).toFixed(1)}s`.padStart(7);

/** @param write Where it goes: standard output for a person, standard error where output is for programs. */
export const personalOutput = (
  write: (text: string) => void = (text) => void process.stdout.write(text),
  started: number = Date.now(),
): Output => ({
  title: (text) => write(`\n${pc.bold(text)}\n`),
  line: (text, tone = "plain") => write(`${pc.dim(elapsed(started, Date.now()))}  ${paint[tone](text)}\n`),
  block: (text) => write(`${text}\n`),
});
