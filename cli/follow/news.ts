// What a step of a flow tells a person, and what is remembered for the steps after it.
import type { Tone } from "../terminal/progress.ts";

export interface News {
  text: string;
  tone: Tone;
}

/** From what a wait ended with: what is news, and what is known from now on. */
export type Teller<Known> = (value: unknown, known: Known) => [News[], Known];

export interface Step<Known> {
  /** Said while it is under way. */
  doing: string;
  /** Absent: its end is no news. */
  tell?: Teller<Known>;
  /** Instead, for a step that is no wait or carries its end otherwise: from its whole result. */
  tellAll?(result: unknown): News[];
}

export const told = (text: string): News => ({ text, tone: "plain" });
export const bad = (text: string): News => ({ text, tone: "bad" });

/** `1 task`, `2 tasks` */
export const counted = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? "" : "s"}`;
