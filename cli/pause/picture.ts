// The pause as a look at the cluster found it.
import { pauseText } from "../../shared/fleet/pause.ts";
import type { Picture } from "../repair/report.ts";
import { plain } from "../terminal/text.ts";

/** `paused since … by …: …`; undefined: not paused, or the look does not tell. */
export const pauseOf = ({ paused }: Picture): string | undefined =>
  paused?.known && paused.value !== null ? plain(pauseText(paused.value)) : undefined;

/** Above everything else that is shown of the cluster: nobody may miss it. Empty where nothing is paused. */
export const pauseLines = (picture: Picture, resume: string): string => {
  const pause = pauseOf(picture);
  return pause === undefined
    ? ""
    : `PAUSED, no roll begins and no repair is applied: ${pause}\nTo end the pause:\n  ${resume}\n\n`;
};
