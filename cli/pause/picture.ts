// The pause as a look at the cluster found it.
import { pauseText } from "../../shared/fleet/pause.ts";
import type { Picture } from "../repair/report.ts";
import { plain } from "../terminal/text.ts";

/** `paused since … by …: …`; undefined: not paused, or the look does not tell. */
export const pauseOf = ({ paused }: Picture): string | undefined => {
  if (paused === undefined) return undefined;
  if (!paused.known) return `paused or not, nobody knows: ${plain(paused.because)}`;
  return paused.value === null ? undefined : plain(pauseText(paused.value));
};
