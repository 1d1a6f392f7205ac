// What a step of a roll tells a person, and what is remembered for the steps after it.
import type { Tone } from "../terminal/progress.ts";

export interface News {
  text: string;
  tone: Tone;
}

/** An answer names neither the hosts that were asked nor what was said before. */
export interface Known {
  /** Hosts that are to hold the image, and those that do. */
  asked: readonly string[];
  held: readonly string[];
  /** The last that was said of the tasks. */
  tasks: string;
  /** Failed tasks that were told already. */
  failures: readonly string[];
}

export const nothingKnown: Known = { asked: [], held: [], tasks: "", failures: [] };

/** From the result of a step: what is news, and what is known from now on. */
export type Teller = (value: unknown, known: Known) => [News[], Known];

export const told = (text: string): News => ({ text, tone: "plain" });
export const bad = (text: string): News => ({ text, tone: "bad" });

/** `1 task`, `2 tasks` */
export const counted = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? "" : "s"}`;
