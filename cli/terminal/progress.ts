// What is under way, for whoever waits: a line for each piece of news, and a sign of life where nothing is new for a while. A
// terminal shows that sign in one line that is written anew, a file gets a line now and then.
import pc from "picocolors";
import { cut } from "./text.ts";

export type Tone = "plain" | "bad" | "faint" | "strong";

type Paint = Record<Tone, (text: string) => string>;

const painted = ({ red, dim, bold }: ReturnType<typeof pc.createColors>): Paint => ({
  plain: (text) => text,
  bad: red,
  faint: dim,
  strong: bold,
});

export interface Progress {
  title(text: string): void;
  /** Seconds that are shown from now on count from this moment (epoch milliseconds). */
  countFrom(moment: number): void;
  line(seconds: number, text: string, tone?: Tone): void;
  /** What is waited for; it is said when it takes longer than two seconds. */
  doing(what: string): void;
  /** To be called a few times a second. */
  tick(): void;
  /** Leaves no half line behind. */
  clear(): void;
}

export interface ProgressOptions {
  write(text: string): void;
  now(): number;
  /** Of the terminal; undefined: it is none. */
  columns(): number | undefined;
}

/** Shown soon enough that nobody waits two seconds for a sign. */
const QUIET_MILLIS = 1_500;
/** In a file a sign of life is for whoever reads along. */
const PLAIN_EVERY_MILLIS = 10_000;

const CLEAR_LINE = "\r\x1b[2K";

/** `12.3s`, right-aligned for a column. */
const elapsed = (seconds: number): string => `${seconds.toFixed(1)}s`.padStart(7);

export const createProgress = ({ write, now, columns }: ProgressOptions): Progress => {
  // Colours are for eyes: the stream that is written to need not be the one that the package judges by.
  const paint = painted(pc.createColors(pc.isColorSupported && columns() !== undefined));
  let start = now();
  let what = "";
  let since = now();
  let lastSign = 0;
  let shown = false;
  let latest = 0;

  const clear = (): void => {
    if (shown) write(CLEAR_LINE);
    shown = false;
  };
  const quiet = (): void => {
    since = now();
    lastSign = 0;
  };
  return {
    title: (text) => {
      clear();
      write(`${paint.strong(text)}\n`);
      quiet();
    },
    countFrom: (moment) => {
      start = moment;
      latest = 0;
    },
    line: (seconds, text, tone = "plain") => {
      clear();
      write(`${paint.faint(elapsed(seconds))}  ${paint[tone](text)}\n`);
      latest = seconds;
      quiet();
    },
    doing: (next) => {
      if (next === what) return;
      clear();
      what = next;
      quiet();
    },
    tick: () => {
      if (what === "" || now() - since < QUIET_MILLIS) return;
      const width = columns();
      // The clock of this machine may be a little behind that of AWS, which the lines before were counted by.
      const seconds = elapsed(Math.max(latest, (now() - start) / 1000));
      const waited = `${Math.round((now() - since) / 1000)} s`;
      if (width !== undefined) {
        write(`${CLEAR_LINE}${paint.faint(cut(`${seconds}  … ${what} (${waited})`, width - 1))}`);
        shown = true;
      } else if (now() - lastSign >= PLAIN_EVERY_MILLIS) {
        write(`${seconds}  … ${what} (${waited})\n`);
        lastSign = now();
      }
    },
    clear,
  };
};
