// Timers of any length: the machine's own can hold 24.8 days at most, and fire at once when given more.

import type { Clock, Timer } from "../clock.ts";

const LONGEST = 2 ** 31 - 1;

export const afterAnyTime = (clock: Clock, milliseconds: number, run: () => void): Timer => {
  let timer: Timer;
  const arm = (remaining: number): void => {
    timer =
      remaining <= LONGEST
        ? clock.after(Math.max(0, remaining), run)
        : clock.after(LONGEST, () => arm(remaining - LONGEST));
  };
  arm(milliseconds);
  return { cancel: () => timer.cancel() };
};
