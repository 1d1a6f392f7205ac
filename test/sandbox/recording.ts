// What the command line really printed, for people who read about it: with RECORD=1 in the environment the outputs of a run replace
// those in docs/command-line.md, each between its marks. Nothing there is written by hand.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const PAGE = resolve(import.meta.dirname, "../../docs/command-line.md");

interface Recorded {
  name: string;
  words: readonly string[];
  /** What a person sees: standard output, and standard error where something was said there. */
  shown: string;
  code: number | null;
}

const recorded: Recorded[] = [];

export const record = (
  name: string,
  words: readonly string[],
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
): void => void recorded.push({ name, words, shown: `${stdout}${withoutLife(stderr)}`, code });

/** Signs of life of a program that nobody watches. */
const withoutLife = (stderr: string): string => stderr.replaceAll(/^ +[\d.]+s {2}… .*\n/gm, "");

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `"${word}"`);

const block = ({ words, shown, code }: Recorded): string =>
  `\`\`\`text\n$ npm run -s hive-swarm -- ${words.map(quoted).join(" ")}\n${shown.trimEnd()}\n$ echo $?\n${code}\n\`\`\``;

/** Every mark of the page must have been recorded, and everything that was recorded have its mark. */
export const writeRecordings = (): void => {
  if (process.env.RECORD !== "1") return;
  let page = readFileSync(PAGE, "utf8");
  for (const one of recorded) {
    const [begin, end] = [`<!-- recorded: ${one.name} -->`, "<!-- end -->"];
    const from = page.indexOf(begin);
    const to = page.indexOf(end, from);
    if (from < 0 || to < 0)
      throw new Error(`docs/command-line.md has no place for the recording ${one.name}`);
    page = `${page.slice(0, from)}${begin}\n\n${block(one)}\n\n${page.slice(to)}`;
  }
  const names = [...page.matchAll(/<!-- recorded: (\S+) -->/g)].map(([, name]) => name);
  const missing = names.filter((name) => !recorded.some((one) => one.name === name));
  if (missing.length > 0)
    throw new Error(`docs/command-line.md shows what was not recorded: ${missing.join(", ")}`);
  writeFileSync(PAGE, page);
};
