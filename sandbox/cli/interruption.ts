// Ctrl-C and its kin: the sandbox is taken down before the program ends, whatever it was doing.
import { takeDownForGood } from "./launch.ts";

/** Shells expect 128 + the signal's number of a program that a signal ended; 130 is Ctrl-C's. */
const INTERRUPTED = 130;

let interrupted = false;

/** From now on an interruption takes the sandbox down and ends the program, with this as its last word. */
export const takeDownWhenInterrupted = (tell: (signal: string) => void, lastWord: string): void => {
  const end = (signal: NodeJS.Signals) => {
    if (interrupted) return;
    interrupted = true;
    tell(signal);
    takeDownForGood().then(
      () => {
        process.stderr.write(`${lastWord}\n`);
        process.exit(INTERRUPTED);
      },
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
};

/** Whether the sandbox is being taken away: what happens from then on is of no interest. */
export const isInterrupted = (): boolean => interrupted;

/**
 * For whoever handles an error: one that comes of the sandbox being taken away under the program's feet is not
 * worth telling, and the interruption ends the program soon.
 */
export const unlessInterrupted = async (): Promise<void> => {
  if (interrupted) await new Promise(() => {});
};
