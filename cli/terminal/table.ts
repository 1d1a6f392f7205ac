// A table as text: aligned columns without a frame, as wide as the terminal at most, and good for grep and awk too.
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

const GAP = NO_FRAME.middle.length;
/** A column of words that is narrower than this cannot be read. */
const LEAST_COLUMNS = 16;

export interface Fit {
  /** Of the terminal. */
  columns: number;
  /** Columns that may be folded, by number. */
  folded: readonly number[];
}

/** @param fit undefined: every cell on one line, as wide as it is */
export const table = (head: string[], rows: (string | number)[][], fit?: Fit): string => {
  const drawn = new Table({
    head,
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: NO_FRAME,
    ...(fit ? { colWidths: widths(head, rows, fit), wordWrap: true, wrapOnWordBoundary: true } : {}),
  });
  for (const row of rows) drawn.push(row);
  return drawn.toString().replaceAll(/ +$/gm, "");
};

/** As wide as the widest cell; those that may be folded share what is left of the terminal. */
const widths = (head: string[], rows: (string | number)[][], { columns, folded }: Fit): number[] => {
  const natural = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? "").length)),
  );
  const fixed = natural
    .filter((_, column) => !folded.includes(column))
    .reduce((sum, width) => sum + width, 0);
  let left = columns - fixed - GAP * (head.length - 1);
  const narrowFirst = [...folded].sort((one, other) => (natural[one] ?? 0) - (natural[other] ?? 0));
  const result = [...natural];
  for (const [index, column] of narrowFirst.entries()) {
    const share = Math.max(LEAST_COLUMNS, Math.floor(left / (narrowFirst.length - index)));
    result[column] = Math.min(natural[column] ?? 0, share);
    left -= result[column] ?? 0;
  }
  return result;
};
