// A pause in words: whose it is, what it stops, and what goes on.
import { pauseText } from "../../shared/fleet/pause.ts";
import { plain } from "../terminal/text.ts";
import type { Standing } from "./parameter.ts";

/** `paused since … by …: …`, or why it cannot be said whose it is. */
export const whose = (standing: Extract<Standing, { paused: true }>): string =>
  plain("pause" in standing ? pauseText(standing.pause) : standing.unclear);

export const whilePaused = (underWay: readonly string[]): string[] => [
  "no roll begins: a push is refused, and told so; after the pause, plan has it",
  "no repair is applied, neither by the schedule nor by a person",
  `what is under way goes on to its end: ${underWay.map(plain).join(", ") || "nothing is, now"}`,
  "instances join and retire as ever; plan and status look as ever",
];

/** @param plan the command that shows a plan */
export const afterwards = (plan: string): string[] => [
  "pushes roll services again, and repairs are applied",
  `what was pushed meanwhile is rolled by the next repair: ${plan}`,
];

export const bullets = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join("");
