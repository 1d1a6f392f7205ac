// What repeated measurements come to. Medians, since the machine may have had something else to do for a moment.

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** @throws {RangeError} of nothing. */
export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError("There is no median of no measurements");
  const upper = sorted[Math.floor(sorted.length / 2)] ?? min;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? min;
  return { median: (lower + upper) / 2, min, max };
};

export const medianOf = (values: readonly number[]): number => spreadOf(values).median;

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Enough digits to compare by, and no more than were measured. */
export const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits));

export const roundedSpread = ({ median, min, max }: Spread): Spread => ({
  median: rounded(median),
  min: rounded(min),
  max: rounded(max),
});
