// What the swarm's services needed of a host when it was last asked. A hint that saves a join one command on a manager;
// the manager has the last word, and what it says replaces the hint.

import type { SSMClient } from "@aws-sdk/client-ssm";
import { readParameter, writeParameter } from "../aws/parameters.ts";
import type { Config } from "../config/config.ts";
import { type Needs, needsSchema } from "./answers.ts";

interface Shelf {
  systemsManager: SSMClient;
  config: Pick<Config, "servicesParameter">;
}

const NOTHING: Needs = { images: [], directories: [] };
/** A standard parameter's limit. What does not fit is not kept: the next join asks a manager once more. */
const LIMIT_CHARACTERS = 4096;

/** @returns nothing when there is no hint, or none that can be read. */
export const readNeeds = async ({ systemsManager, config }: Shelf): Promise<Needs> => {
  const text = await readParameter(systemsManager, config.servicesParameter);
  if (text === undefined) return NOTHING;
  try {
    const parsed = needsSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : NOTHING;
  } catch {
    return NOTHING;
  }
};

export const writeNeeds = async ({ systemsManager, config }: Shelf, needs: Needs): Promise<void> => {
  const text = JSON.stringify(needs);
  if (text.length <= LIMIT_CHARACTERS) await writeParameter(systemsManager, config.servicesParameter, text);
};

/** Order does not matter. */
export const sameNeeds = (one: Needs, other: Needs): boolean =>
  sameWords(one.images, other.images) && sameWords(one.directories, other.directories);

const sameWords = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((word) => other.includes(word));

/** A path as one word without blanks, as managers write it: Go's urlquery, with slashes left readable (documents/activate-node.sh). */
export const sourceWord = (path: string): string =>
  encodeURIComponent(path)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/");
