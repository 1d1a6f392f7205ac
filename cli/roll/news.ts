// What is known of a roll while it is followed.
import type * as follow from "../follow/news.ts";

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

export type Teller = follow.Teller<Known>;
