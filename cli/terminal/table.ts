// A table as text: aligned columns without a frame, good for eyes, grep and awk.
import Table from "cli-table3";

const NO_FRAME = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

export const table = (head: string[], rows: (string | number)[][]): string => {
  const drawn = new Table({
    head,
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: NO_FRAME,
  });
  for (const row of rows) drawn.push(row);
  return drawn.toString().replaceAll(/ +$/gm, "");
};
