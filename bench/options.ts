// What `npm run bench` takes from its command line.
import { parseArgs } from "node:util";

export const USAGE = `npm run bench [-- PART…] [-- --json FILE] [-- --repetitions N]

Measures on a real swarm, in sandboxes of its own. Parts, all of them by default:
  hooks              join and retire against the same commands by hand, and their cost
  rolls              a roll against a bare docker service update, its cost, and an over-committed service
  functions          the functions' bundles, and how long they take to start
  --json FILE        also write the report there, as JSON
  --repetitions N    of each join, retire and roll, by the operator and by hand; default 5 (about twelve minutes for all parts)
Exit code: 0 when it could be measured, whether the aims are met or not.
`;

const PARTS = ["hooks", "rolls", "functions"] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  help: boolean;
  parts: readonly Part[];
  json: string | undefined;
  repetitions: number;
}

const isPart = (word: string): word is Part => PARTS.some((part) => part === word);

/** @throws with a sentence for whoever typed it. */
export const readOptions = (words: readonly string[]): Options => {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: "string" },
      repetitions: { type: "string", default: "5" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const repetitions = Number(values.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new Error(`--repetitions is ${values.repetitions}; give it a whole number of 1 or more`);
  const parts = positionals.map((word) => {
    if (isPart(word)) return word;
    throw new Error(`There is no part ${word}; there are ${PARTS.join(", ")}`);
  });
  const { help, json } = values;
  return {
    help,
    json,
    repetitions,
    parts: parts.length > 0 ? PARTS.filter((part) => parts.includes(part)) : PARTS,
  };
};
