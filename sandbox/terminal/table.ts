// A table as text: frames on a terminal, aligned columns elsewhere (so that it can be read by grep and awk too).
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

export const table = (
  head: string[],
  rows: (string | number)[][],
  framed: boolean = process.stdout.isTTY === true,
): string => {
  const drawn = new Table({
    head,
    style: framed
      ? { head: ["bold"], compact: true }
      : { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    ...(framed ? {} : { chars: NO_FRAME }),
  });
  for (const row of rows) drawn.push(row);
  return drawn.toString().replaceAll(/ +$/gm, "");
};
