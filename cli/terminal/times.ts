// Times as people say them.

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** `45 s`, `4 min 10 s`, `2 h 5 min`: the two units that say most. */
export const duration = (milliseconds: number): string => {
  let seconds = Math.max(0, Math.round(milliseconds / 1000));
  const parts: string[] = [];
  const first = UNITS.findIndex(([size]) => seconds >= size);
  for (const [size, unit] of UNITS.slice(first < 0 ? UNITS.length - 1 : first).slice(0, 2)) {
    const count = Math.floor(seconds / size);
    if (count > 0 || parts.length === 0) parts.push(`${count} ${unit}`);
    seconds -= count * size;
  }
  return parts.join(" ");
};

/** `10:32:05 UTC`; with its day where that is another than today. */
export const moment = (at: number, now: number): string => {
  const [day, time = ""] = new Date(at).toISOString().split("T");
  const today = new Date(now).toISOString().split("T")[0];
  return `${day === today ? "" : `${day} `}${time.slice(0, 8)} UTC`;
};

/** `10:28:10 UTC (4 min 10 s ago)` */
export const ago = (at: number, now: number): string => `${moment(at, now)} (${duration(now - at)} ago)`;

/** `10:32:05 UTC (in 41 min)`; what has passed is said so. */
export const ahead = (at: number, now: number): string =>
  at >= now
    ? `${moment(at, now)} (in ${duration(at - now)})`
    : `${moment(at, now)} (passed ${duration(now - at)} ago)`;
