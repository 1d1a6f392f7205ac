// The names of all steps, as the source of the flows has them: the operations of an execution that a crash can hit.
import { readdir, readFile } from "node:fs/promises";

/** The functions that are given a name, in which place, and what they put before it. */
const NAMERS: Readonly<Record<string, { place: number; prefix?: string }>> = {
  step: { place: 0 },
  poll: { place: 0 },
  watch: { place: 1 },
  onHost: { place: 1 },
  onInstance: { place: 1 },
  onHosts: { place: 1 },
  onManager: { place: 1 },
  removeNode: { place: 1 },
  sampleUntilJudged: { place: 1 },
  openFlow: { place: 3 },
  completeAndProve: { place: 3, prefix: "complete " },
  finish: { place: 1, prefix: "complete " },
};

/** The variables in which they hand a name on. */
const HANDED_ON = ["name", "result"];

const SOURCE = new URL("../../shared/flows/", import.meta.url);
/** These say what a step is, and have none. */
const ENGINE = ["flow.ts", "durable-flow.ts"];

/** One argument of the call that begins behind `start`; those before it hold no strings and no comparisons. */
const argumentAt = (source: string, start: number, place: number): string => {
  let [depth, commas, argument] = [0, 0, ""];
  for (const character of source.slice(start)) {
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    if (depth < 0 || (commas === place && character === "," && depth === 0)) return argument.trim();
    if (commas === place) argument += character;
    else if (character === "," && depth === 0) commas++;
  }
  throw new Error(`a call has no end: ${source.slice(start, start + 60)}`);
};

const namesIn = (file: string, source: string): string[] => {
  const calls = source.matchAll(new RegExp(`\\b(${Object.keys(NAMERS).join("|")})(?:<[^()]*>)?\\(`, "g"));
  return [...calls].flatMap((call) => {
    const { place, prefix = "" } = NAMERS[call[1] ?? ""] ?? { place: 0 };
    const given = argumentAt(source, call.index + call[0].length, place);
    const literal = /^"([^"]+)"$/.exec(given)?.[1];
    if (literal !== undefined) return [prefix + literal];
    if (HANDED_ON.includes(given)) return [];
    throw new Error(`${file}: the step that ${call[0]}…) makes is named by ${given}, not by a plain string`);
  });
};

/** Whoever takes a name has to be known here, or the names that it is given would be missed. */
const requireKnown = (file: string, source: string): void => {
  for (const [, taker = ""] of source.matchAll(
    /const (\w+) = (?:async )?(?:<[^()]*>)?\([^()]*\bname: string/g,
  ))
    if (!Object.hasOwn(NAMERS, taker))
      throw new Error(
        `${file}: ${taker} takes the name of a step: tell test/flows/step-names.ts in which place`,
      );
};

export const stepNames = async (): Promise<string[]> => {
  const files = (await readdir(SOURCE, { recursive: true })).filter(
    (file) => file.endsWith(".ts") && !ENGINE.includes(file),
  );
  const names = await Promise.all(
    files.map(async (file) => {
      const source = await readFile(new URL(file, SOURCE), "utf8");
      requireKnown(file, source);
      return namesIn(file, source);
    }),
  );
  return [...new Set(names.flat())].sort();
};
