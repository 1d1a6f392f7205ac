// Texts that come from elsewhere (an engine, a container's last lines), made safe to show on a terminal.
import { stripVTControlCharacters } from "node:util";

/** One line: what would move the cursor, colour the rest or turn its direction becomes a space. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();

/** The same for a text of several lines; empty ones are left out. */
export const plainLines = (text: string): string[] =>
  text
    .split(/[\r\n]+/)
    .map(plain)
    .filter(Boolean);

/** Of a text that is too long for its line: what fits, and a sign that there is more. */
export const cut = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;

/** A text folded between words to lines of so many columns; a longer word has a line of its own. */
export const folded = (text: string, columns: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

/** JSON that says the same and holds no control characters: JSON itself escapes only the first 32. */
export const json = (value: unknown): string =>
  `${JSON.stringify(value, undefined, 2).replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;

/** A word of a command that is shown to be typed; quoted only where a shell would read more into it. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
